-- Removes every story, remembered answer and fence.
DROP FUNCTION spotter.take_shards(uuid);
DROP TABLE spotter.shard;
DROP FUNCTION spotter.prune_idempotency_keys(interval, integer);
DROP TABLE spotter.idempotency_key;
DROP TABLE spotter.event;
