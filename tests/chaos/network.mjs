// Hosts on one machine: each node in a network namespace of its own, joined by a bridge, so that packets
// between any two of them can be lost, one way or both. Needs root (CAP_NET_ADMIN), iproute2 and nftables.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

const here = process.pid.toString(36);

function ip(...words) {
  return execFileSync("ip", words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** Why there can be no namespaces here, or false. */
export function no_namespaces() {
  if (process.getuid() !== 0) return "network namespaces need root";
  for (const program of ["ip", "nft"]) {
    if (spawnSync(program, ["-V"]).error) return `there is no ${program} here`;
  }
  const name = `spt${here}`;
  const tried = spawnSync("ip", ["netns", "add", name], { encoding: "utf8" });
  if (tried.status !== 0) return `no network namespace can be made here: ${tried.stderr.trim()}`;
  // Commands run there with mounts of their own, which a chroot's root can't have unless it is a mount itself.
  const ran = spawnSync("ip", ["netns", "exec", name, "true"], { encoding: "utf8" });
  ip("netns", "del", name);
  return ran.status === 0 ? false : `nothing can run in a network namespace here: ${ran.stderr.trim()}`;
}

export class Network {
  #hosts = new Map(); // name → {namespace, address}
  #next = 11;

  /** A bridge with the addresses of the test itself and of its databases. */
  static make() {
    sweep();
    const network = new Network();
    network.bridge = `spb${here}`;
    network.net = free_net();
    network.clients = `${network.net}.1`;
    network.database = `${network.net}.2`;
    network.standby = `${network.net}.3`;
    network.remove = network.remove.bind(network);
    process.once("exit", network.remove);
    ip("link", "add", network.bridge, "type", "bridge");
    for (const address of [network.clients, network.database, network.standby]) {
      ip("addr", "add", `${address}/24`, "dev", network.bridge);
    }
    ip("link", "set", network.bridge, "up");
    return network;
  }

  /** Makes a host; answers its address and the words that run a command there. */
  host(name) {
    const number = this.#next++;
    const namespace = `spotter-${here}-${name}`;
    const address = `${this.net}.${number}`;
    const cable = `spv${here}${number}`;
    this.#hosts.set(name, { namespace, address });
    ip("netns", "add", namespace);
    ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", namespace);
    ip("link", "set", cable, "master", this.bridge, "up");
    const inside = ["netns", "exec", namespace, "ip"];
    ip(...inside, "addr", "add", `${address}/24`, "dev", "eth0");
    for (const device of ["eth0", "lo"]) ip(...inside, "link", "set", device, "up");
    this.#rules(namespace, "add table ip cut\nadd chain ip cut in { type filter hook input priority 0; }\n");
    this.#rules(namespace, "add chain ip cut out { type filter hook output priority 0; }\n");
    return { address, before: ["ip", "netns", "exec", namespace] };
  }

  address_of(name) {
    return this.#hosts.get(name).address;
  }

  #rules(namespace, text) {
    execFileSync("ip", ["netns", "exec", namespace, "nft", "-f", "-"], { input: text });
  }

  /** `host` gets nothing any more from these addresses. */
  deafen(host, ...addresses) {
    const { namespace } = this.#hosts.get(host);
    this.#rules(namespace, addresses.map((one) => `add rule ip cut in ip saddr ${one} drop\n`).join(""));
  }

  /** Nothing passes between `host` and these addresses, either way. */
  part(host, ...addresses) {
    const { namespace } = this.#hosts.get(host);
    this.deafen(host, ...addresses);
    this.#rules(namespace, addresses.map((one) => `add rule ip cut out ip daddr ${one} drop\n`).join(""));
  }

  /** Everything passes again, everywhere. */
  heal() {
    for (const { namespace } of this.#hosts.values()) {
      this.#rules(namespace, "flush chain ip cut in\nflush chain ip cut out\n");
    }
  }

  remove() {
    process.off("exit", this.remove);
    for (const { namespace } of this.#hosts.values()) spawnSync("ip", ["netns", "del", namespace]);
    spawnSync("ip", ["link", "del", this.bridge]);
  }
}

/** A /24 that no interface here has. */
function free_net() {
  const taken = ip("-4", "-o", "addr", "show");
  const first = process.pid % 256;
  for (let i = 0; i < 256; ++i) {
    const net = `10.213.${(first + i) % 256}`;
    if (!taken.includes(`${net}.`)) return net;
  }
  throw new Error("no free network in 10.213.0.0/16");
}

/** Removes what runs left behind that were killed outright. */
function sweep() {
  const dead = (id) => !existsSync(`/proc/${parseInt(id, 36)}`);
  for (const [name, id] of ip("netns", "list").matchAll(/^spotter-([0-9a-z]+)-\S+/gm)) {
    if (dead(id)) spawnSync("ip", ["netns", "del", name]);
  }
  for (const [, name, id] of ip("-o", "link", "show", "type", "bridge").matchAll(/ (spb([0-9a-z]+)): /g)) {
    if (dead(id)) spawnSync("ip", ["link", "del", name]);
  }
}
