// Shards on nodes, counted.

/** How much fuller the fullest node is than the mean of those that can own anything. */
export function imbalance(shards, nodes) {
  return Math.ceil(shards / nodes) / (shards / Math.min(shards, nodes));
}

/** Shards that change hands when one more node joins `nodes`, with as few moves as possible. */
export function moves_to_join(shards, nodes) {
  return Math.floor(shards / (nodes + 1));
}

/** On how many of `nodes` so many watchers are, each on any of them. */
export function expected_nodes(nodes, watchers) {
  return nodes * (1 - (1 - 1 / nodes) ** watchers);
}
