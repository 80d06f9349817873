#include "config/setting_list.hpp"

namespace spotter::config {

void visit(setting_visitor& v, settings& s) {
  std::string data = s.data.string();
  v.text("data", data, "folder of the embedded database and of the keys");
  s.data = data;
  v.text("node", s.node, "the name of this node in logs and in the live stream's hello");
  v.text("log_level", s.log_level, "trace, debug, info, warn or error");
  v.number("actor_threads", s.actor_threads, 0, 1024,
           "threads of the actors; 0: one for every two cores");

  v.flag("core_dumps", s.core_dumps,
         "for developers: lets the server be debugged and dumped, with all its keys");

  v.section("listen");
  v.text("listen.address", s.listen.address, "address to listen on");
  v.number("listen.port", s.listen.port, 0, 65'535, "port to listen on; 0: any free one");
  v.number("listen.io_threads", s.listen.io_threads, 1, 256, "threads that serve connections");
  v.text("listen.tls_certificate", s.listen.tls_certificate,
         "PEM file with the certificate chain; empty: no TLS");
  v.text("listen.tls_key", s.listen.tls_key, "PEM file with the private key");
  v.texts("listen.allowed_origins", s.listen.allowed_origins,
          "origins of pages that may call the API and open sockets, as https://host[:port]");
  v.blocks(
    "listen.trusted_proxies", s.listen.trusted_proxies,
    "addresses and networks, as 10.0.0.0/8, of proxies that say for whom they ask; nobody else "
    "is believed");
  v.text("listen.forwarded_header", s.listen.forwarded_header,
         "the header in which they say it, and the only one that is read: x-forwarded-for (with "
         "x-forwarded-proto) or forwarded");
  v.number("listen.connections", s.listen.connections, 1, 10'000'000,
           "open connections; more are refused");
  v.number("listen.connections_per_address", s.listen.connections_per_address, 1, 10'000'000,
           "open connections of one client address; more are refused");

  v.section("database");
  v.text("database.server", s.database.server,
         "libpq connection string without user; empty: an embedded PostgreSQL in the data folder");
  v.flag("database.pooled", s.database.pooled,
         "database.server is a pooler that lends connections for one transaction, as PgBouncer");
  v.text("database.direct", s.database.direct,
         "the same past any pooler, for migrations and leases; empty: as database.server");
  v.text("database.password", s.database.password,
         "password of the roles at both, as file:<path>, env:<NAME> or "
         "gcp-secret-manager:projects/…/secrets/…/versions/…; empty: none is needed");
  v.number("database.writers", s.database.writers, 1, 64, "connections that write");
  v.number("database.readers", s.database.readers, 1, 256, "connections that read");
  v.number("database.identity_workers", s.database.identity_workers, 1, 64,
           "connections for sign-ins");
  v.number("database.queued_units", s.database.queued_units, 16, 1'000'000,
           "changes that may wait for a writer; over it clients get 503");
  v.number("database.connections_limit", s.database.connections_limit, 8, 10'000,
           "connections of this node in all; it does not start if it would need more");

  v.section("sessions");
  v.number("sessions.queued_commands", s.sessions.queued_commands, 1, 100'000,
           "requests of one account that may wait; over it clients get 503");
  v.number("sessions.idle_time", s.sessions.idle_time, 10, 86'400'000,
           "milliseconds without use after which a session leaves memory");

  v.section("cluster");
  v.flag("cluster.enabled", s.cluster.enabled,
         "one of several nodes on one database, as serve --cluster");
  v.text("cluster.id", s.cluster.id, "the cluster's name; nodes of another are refused");
  v.text("cluster.listen", s.cluster.listen, "host:port for links from other nodes");
  v.text("cluster.advertise", s.cluster.advertise,
         "host:port where other nodes reach this one; empty: as cluster.listen");
  v.text("cluster.certificate", s.cluster.certificate,
         "PEM file with this node's certificate, which names the node as a DNS name");
  v.text("cluster.key", s.cluster.key, "PEM file with its private key");
  v.text("cluster.ca", s.cluster.ca, "PEM file with the authority that signs all nodes");
  v.number("cluster.weight", s.cluster.weight, 1, 1000,
           "this node's part of the shards, relative to the others'");
  v.number("cluster.lease", s.cluster.lease, 500, 60'000,
           "milliseconds after which a silent node's shards go to others");
  v.number("cluster.beat", s.cluster.beat, 50, 10'000,
           "milliseconds between two renewals of the lease");
  v.number("cluster.margin", s.cluster.margin, 50, 10'000,
           "milliseconds before the lease's end at which a node that can't renew stops");
  v.number("cluster.ping", s.cluster.ping, 20, 10'000, "milliseconds between two pings of a link");
  v.number("cluster.silence", s.cluster.silence, 100, 60'000,
           "milliseconds of silence after which a link counts as broken");

  v.section("identity");
  v.text(
    "identity.signing_key", s.identity.signing_key,
    "key that seals refresh tokens, the same on all nodes: a file, or env:<NAME>; empty: a file "
    "in the data folder");
  v.text("identity.sealing_key", s.identity.sealing_key,
         "key that seals secrets in the database, the same on all nodes: a file, env:<NAME> or "
         "gcp-secret-manager:projects/…/secrets/…/versions/…; empty: a file in the data "
         "folder. On several nodes let a new one open everywhere before it seals");
  v.texts("identity.older_sealing_keys", s.identity.older_sealing_keys,
          "keys that still open what they sealed, until it is under identity.sealing_key; "
          "`spotterd keys status` says when one may be removed");
  v.number("identity.signing_key_rotation", s.identity.signing_key_rotation, 0, 24 * 3650,
           "hours after which the key that signs access tokens is replaced, while everybody stays "
           "signed in; 0: only by `spotterd keys rotate`");
  v.number("identity.signing_key_lead", s.identity.signing_key_lead, 5, 86'400,
           "seconds that a new key is published before it signs; half of it is how long others may "
           "keep the published keys");
  v.number("identity.password_passes", s.identity.password_passes, 1, 100,
           "argon2id passes over the memory");
  v.number("identity.password_memory_mib", s.identity.password_memory_mib, 8, 4096,
           "argon2id memory in MiB");
  v.number("identity.password_workers", s.identity.password_workers, 1, 64,
           "passwords hashed at a time");
  v.number("identity.password_queue", s.identity.password_queue, 1, 100'000,
           "sign-ins that may wait for a hash; over it clients get 503");
  v.number("identity.access_lifetime", s.identity.access_lifetime, 5, 86'400,
           "seconds that an access token lives");
  v.number("identity.login_lifetime", s.identity.login_lifetime, 1, 24 * 3650,
           "hours after which a login ends however often it was renewed");
  v.number("identity.login_idle_lifetime", s.identity.login_idle_lifetime, 1, 24 * 3650,
           "hours after which a login that was not renewed ends");
  v.number("identity.sign_ins_per_minute", s.identity.sign_ins_per_minute, 0, 1'000'000,
           "requests to the sign-in routes per client address and minute; 0: no limit");
  v.number("identity.security_event_days", s.identity.security_event_days, 90, 36'500,
           "days that security events are kept at least; whole months go");

  v.number("identity.ended_login_poll", s.identity.ended_login_poll, 1, 3'600,
           "seconds between two looks for logins that ended on a node which could not tell of it");
  v.flag("identity.admins_need_second_factor", s.identity.admins_need_second_factor,
         "administrators are let in only if they signed in with a second factor");

  v.text("identity.breach_service", s.identity.breach_service,
         "https URL of a service of breached passwords, of which five digits of a hash are asked; "
         "empty: none");

  v.section("limits");
  v.number("limits.registrations_per_minute", s.limits.registrations_per_minute, 0, 1'000'000,
           "new accounts per client address and minute; 0: no limit");
  v.number("limits.reads_per_minute", s.limits.reads_per_minute, 0, 10'000'000,
           "reads per account and minute; 0: no limit");
  v.number("limits.writes_per_minute", s.limits.writes_per_minute, 0, 10'000'000,
           "changes per account and minute; 0: no limit");
  v.number("limits.imports_per_minute", s.limits.imports_per_minute, 0, 1'000'000,
           "imports per account and minute; 0: no limit");
  v.number("limits.failed_logins", s.limits.failed_logins, 0, 1'000,
           "failed sign-ins in a row after which an account rests for a day, from the address that "
           "failed and from unknown ones; 0: failed sign-ins never wait");
  v.number("limits.failed_logins_free", s.limits.failed_logins_free, 0, 1'000,
           "failed sign-ins of one account from one address that are followed by no wait");
  v.number("limits.failed_login_wait", s.limits.failed_login_wait, 1, 86'400,
           "seconds of the first wait; each next is twice as long");
  v.number("limits.failed_login_longest_wait", s.limits.failed_login_longest_wait, 1, 86'400,
           "seconds of the longest wait");

  v.section("redis");
  v.text("redis.server", s.redis.server,
         "redis://, rediss:// (TLS) or unix:// address of a Redis that all nodes share, for limits "
         "and as a cache; empty: each node counts alone");
  v.text("redis.ca", s.redis.ca,
         "PEM file with the authorities of a rediss:// server; empty: the system's");
  v.number("redis.time_out", s.redis.time_out, 10, 10'000,
           "milliseconds that a request may wait for Redis before the node decides alone");

  v.section("jobs");
  v.number("jobs.slots", s.jobs.slots, 1, 256, "background jobs at a time on this node");
  v.number("jobs.max_attempts", s.jobs.max_attempts, 1, 1000,
           "tries of a job before it is a dead letter");
  v.number("jobs.retry_unit", s.jobs.retry_unit, 1, 3'600'000,
           "milliseconds; the delay after try n is n^4 of these");
  v.number("jobs.max_delay", s.jobs.max_delay, 1, 86'400'000 * 7LL,
           "milliseconds; the longest delay between two tries");
  v.number("jobs.lease", s.jobs.lease, 1000, 3'600'000,
           "milliseconds after which the jobs of a dead node are taken over");

  v.section("mail");
  v.text(
    "mail.server", s.mail.server,
    "smtp://host[:port], with STARTTLS, or smtps://host[:port]; empty: no mail leaves. With the "
    "embedded database and no mail.public_url, this machine sees mails at /outbox");
  v.flag("mail.outbox", s.mail.outbox,
         "without mail.server, show mails at /outbox with any database: whoever reaches the server "
         "from this machine, also through a proxy on it, reads everybody's recovery tokens");
  v.text("mail.user", s.mail.user, "user at the mail server; empty: none is needed");
  v.text("mail.password", s.mail.password,
         "its password, as file:<path>, env:<NAME> or "
         "gcp-secret-manager:projects/…/secrets/…/versions/…");
  v.text("mail.ca", s.mail.ca,
         "PEM file with the authorities of the mail server; empty: the system's");
  v.text("mail.from", s.mail.from, "address that mails come from");
  v.text("mail.public_url", s.mail.public_url,
         "where links in mails lead, as https://host; empty: this machine");

  v.section("secrets");
  v.text("secrets.google_endpoint", s.secrets.google_endpoint,
         "https URL of Google's Secret Manager, for secrets named as "
         "gcp-secret-manager:projects/…/secrets/…/versions/…");

  v.section("recommend");
  v.number("recommend.deadline", s.recommend.deadline, 10, 60'000,
           "milliseconds that a recommendation may take");
  v.number("recommend.workers", s.recommend.workers, 1, 64, "workers of each engine");
}

} // namespace spotter::config
