#pragma once

#include "config/address_block.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace spotter::config {

/// Where and how the server listens.
struct listen_settings {
  std::string address = "0.0.0.0";
  std::uint16_t port = 8080; // 0: any free one
  unsigned io_threads = 1;
  std::string tls_certificate; // PEM files; both or neither
  std::string tls_key;
  std::vector<std::string> allowed_origins;   // of pages that may call the API from elsewhere
  std::vector<address_block> trusted_proxies; // networks whose word counts for client addresses
  std::string forwarded_header = "x-forwarded-for"; // that they write, or "forwarded"
  std::size_t connections = 200'000;
  std::size_t connections_per_address = 100'000;
};

/// Which database, and how many connections to it.
struct database_settings {
  std::string server;   // a libpq connection string without user; empty: the embedded one
  bool pooled = false;  // `server` is a pooler in transaction mode
  std::string direct;   // the same past any pooler, for what holds its connection; empty: `server`
  std::string password; // of the roles, at both; a reference, see config/secret
  std::size_t writers = 1;
  std::size_t readers = 2;
  std::size_t identity_workers = 1;
  std::size_t queued_units = 8192; // of a writer; then 503
  std::size_t connections_limit = 100;

  /// Those that the node holds or opens while it serves: besides what is set, for second factors as
  /// many as for sign-ins, and one each for jobs, upkeep, accounts, exports, keys and the cluster.
  [[nodiscard]] std::size_t connections(bool clustered) const {
    return writers + readers + 2 * identity_workers + 5 + (clustered ? 1 : 0);
  }
};

/// How sessions live.
struct session_settings {
  std::size_t queued_commands = 256; // of one user; then 503
  std::chrono::milliseconds idle_time{300'000};
};

/// How this node takes part in a cluster.
struct cluster_settings {
  bool enabled = false;
  std::string id = "spotter";          // the same on all nodes; others are refused
  std::string listen = "0.0.0.0:7400"; // for links from other nodes
  std::string advertise;               // host:port where they reach it; empty: as `listen`
  std::string certificate;             // PEM files; `node` is a DNS name in the certificate
  std::string key;
  std::string ca;
  std::int32_t weight = 1; // its part of the shards, relative to the others'
  std::chrono::milliseconds lease{2000};
  std::chrono::milliseconds beat{400};   // between renewals of the lease
  std::chrono::milliseconds margin{300}; // the node stops so long before its lease ends
  std::chrono::milliseconds ping{300};
  std::chrono::milliseconds silence{1500}; // then a link counts as broken
};

/// How passwords are hashed and logins live.
struct identity_settings {
  std::string signing_key; // file of the access tokens' key; empty: signing.key in the data folder
  std::string sealing_key; // file of the key that seals secrets; empty: sealing.key there as well
  std::vector<std::string> older_sealing_keys;      // open only, until nothing is left under them
  std::chrono::hours signing_key_rotation{24 * 90}; // 0: never by itself
  std::chrono::seconds signing_key_lead{600};       // from a key's making to its first signature
  unsigned password_passes = 2;
  std::size_t password_memory_mib = 19;
  std::size_t password_workers = 1;
  std::size_t password_queue = 64;
  std::chrono::seconds access_lifetime{600};
  std::chrono::hours login_lifetime{24 * 90};
  std::chrono::hours login_idle_lifetime{24 * 30};
  int sign_ins_per_minute = 600; // per address; 0: no limit
  std::string breach_service;    // URL that hash prefixes are put behind; empty: nobody is asked
  int security_event_days = 400; // kept so long, then whole months go
  std::chrono::seconds ended_login_poll{5};
  bool admins_need_second_factor = true; // in the login that the token is of
};

/// How much one address or account may do, and how sign-ins slow down that fail. Requests a minute;
/// 0: no limit.
struct limit_settings {
  std::int32_t registrations_per_minute = 600; // per address
  std::int32_t reads_per_minute = 60'000;      // per account
  std::int32_t writes_per_minute = 60'000;     // per account
  std::int32_t imports_per_minute = 120;       // per account
  std::int32_t failed_logins = 100;            // in a row; then a day's rest; 0: no waits
  std::int32_t failed_logins_free = 10;        // without a wait, of one account from one address
  std::chrono::seconds failed_login_wait{1};   // the first; each next is twice as long
  std::chrono::seconds failed_login_longest_wait{900};
};

/// A Redis that the nodes share for limits and as a cache.
struct redis_settings {
  std::string server; // redis://, rediss:// or unix://; empty: each node counts alone
  std::string ca;     // PEM file with the authorities of rediss://; empty: the system's
  std::chrono::milliseconds time_out{100};
};

/// How background work is run and tried again.
struct job_settings {
  std::size_t slots = 2;
  std::int32_t max_attempts = 20;
  std::chrono::milliseconds retry_unit{1000}; // the delay after try n is n^4 of these
  std::chrono::milliseconds max_delay{std::chrono::hours{24}};
  std::chrono::milliseconds lease{30'000};
};

/// How mails leave, and what they say of us.
struct mail_settings {
  std::string server;     // smtp:// or smtps:// URL; empty: no mail leaves
  bool outbox = false;    // shows letters, tokens and all, to whoever reaches /outbox locally
  std::string user;       // empty: without authentication
  std::string password;   // a reference, see config/secret
  std::string ca;         // PEM file with the server's authorities; empty: the system's
  std::string from;       // an address
  std::string public_url; // where links lead
};

/// Where secrets are that are not of this machine.
struct secret_settings {
  std::string google_endpoint = "https://secretmanager.googleapis.com";
};

/// How long recommenders may think.
struct recommend_settings {
  std::chrono::milliseconds deadline{2000};
  std::size_t workers = 1; // of each engine
};

/// All that can be set, validated.
struct settings {
  std::filesystem::path data; // folder of the embedded database and of the keys
  std::string node = "spotter-1";
  std::string log_level = "info"; // trace, debug, info, warn, error
  unsigned actor_threads = 0;     // 0: one for every two cores
  bool core_dumps = false;        // for developers: they hold keys
  listen_settings listen;
  database_settings database;
  session_settings sessions;
  cluster_settings cluster;
  identity_settings identity;
  limit_settings limits;
  redis_settings redis;
  job_settings jobs;
  mail_settings mail;
  recommend_settings recommend;
  secret_settings secrets;
};

/// Looks up an environment variable; a function, so that tests need no environment.
using environment = std::function<std::optional<std::string>(const std::string& name)>;

/// The environment of this process.
[[nodiscard]] std::optional<std::string> process_environment(const std::string& name);

/// What is wrong with a configuration: one sentence each, naming the key and what would be right.
using config_errors = std::vector<std::string>;

/// Reads settings from TOML `text` (may be empty), then lets the environment overrule them:
/// `SPOTTER_<SECTION>_<KEY>` for each key, and the short forms `SPOTTER_PORT`, `SPOTTER_DATA`,
/// `SPOTTER_DATABASE`. Unknown keys, wrong types and values out of range are errors, all reported.
[[nodiscard]] std::variant<settings, config_errors> load(const std::string& text,
                                                         const environment& env);

/// A TOML file with every key, its default and what it means.
[[nodiscard]] std::string documented_defaults();

} // namespace spotter::config
