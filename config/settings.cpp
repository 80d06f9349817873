#include "config/settings.hpp"

#include "config/secret.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <sstream>
#include <type_traits>

namespace spotter::config {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::string upper(std::string text) {
  for (auto& c : text)
    c = c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

/// A number of durations' own units; other numbers as they are.
template <class T>
constexpr bool is_duration = false;
template <class Rep, class Period>
constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;

template <class T>
std::string print(const T& x) {
  if constexpr (std::is_same_v<T, std::string>)
    return '"' + x + '"';
  else if constexpr (is_duration<T>)
    return std::to_string(x.count());
  else
    return std::to_string(x);
}

/// Walks all keys in order and does with each what its mode says: read or document. One list of
/// keys serves the file, the environment and the documentation, so that none is forgotten.
class visitor {
public:
  visitor(const toml::table* file, const environment* env, config_errors& errors)
    : file_(file), env_(env), errors_(errors) {}

  template <class T>
  void number(const std::string& key, T& value, std::int64_t least, std::int64_t most,
              const char* meaning) {
    known_.push_back(key);
    if (!file_) {
      document(key, value, meaning);
      return;
    }
    std::optional<std::int64_t> given;
    if (const auto node = file_->at_path(key)) {
      given = node.template value_exact<std::int64_t>();
      if (!given)
        errors_.push_back(key + " must be a whole number");
    }
    if (const auto text = from_environment(key)) {
      std::int64_t parsed = 0;
      const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), parsed);
      if (error != std::errc{} || end != text->data() + text->size())
        errors_.push_back("SPOTTER_" + upper(key) + " must be a whole number, not '" + *text + "'");
      else
        given = parsed;
    }
    if (!given)
      return;
    if (*given < least || *given > most)
      errors_.push_back(key + " must lie between " + std::to_string(least) + " and "
                        + std::to_string(most) + ", not " + std::to_string(*given));
    else if constexpr (is_duration<T>)
      value = T{*given};
    else
      value = static_cast<T>(*given);
  }

  void text(const std::string& key, std::string& value, const char* meaning) {
    known_.push_back(key);
    if (!file_) {
      document(key, value, meaning);
      return;
    }
    if (const auto node = file_->at_path(key)) {
      if (const auto given = node.value_exact<std::string>())
        value = *given;
      else
        errors_.push_back(key + " must be a text in quotes");
    }
    if (const auto given = from_environment(key))
      value = *given;
  }

  void flag(const std::string& key, bool& value, const char* meaning) {
    known_.push_back(key);
    if (!file_) {
      out_ << "# " << meaning << '\n' << last_part(key) << " = false\n\n";
      return;
    }
    if (const auto node = file_->at_path(key)) {
      if (const auto given = node.value_exact<bool>())
        value = *given;
      else
        errors_.push_back(key + " must be true or false");
    }
    if (const auto given = from_environment(key)) {
      if (*given == "true" || *given == "false")
        value = *given == "true";
      else
        errors_.push_back("SPOTTER_" + upper(key) + " must be true or false, not '" + *given + "'");
    }
  }

  void texts(const std::string& key, std::vector<std::string>& value, const char* meaning) {
    known_.push_back(key);
    if (!file_) {
      out_ << "# " << meaning << '\n' << last_part(key) << " = []\n\n";
      return;
    }
    if (const auto node = file_->at_path(key)) {
      value.clear();
      const auto* array = node.as_array();
      if (!array) {
        errors_.push_back(key + " must be a list of texts");
        return;
      }
      for (const auto& item : *array)
        if (const auto given = item.value_exact<std::string>())
          value.push_back(*given);
        else
          errors_.push_back(key + " must hold texts only");
    }
    if (const auto given = from_environment(key)) {
      value.clear();
      std::istringstream parts{*given};
      for (std::string part; std::getline(parts, part, ',');)
        value.push_back(part);
    }
  }

  void blocks(const std::string& key, std::vector<address_block>& value, const char* meaning) {
    std::vector<std::string> given;
    texts(key, given, meaning);
    value.clear();
    for (const auto& text : given)
      if (const auto block = address_block::parse(text))
        value.push_back(*block);
      else
        errors_.push_back(key + " must hold addresses and networks, as 10.0.0.0/8, not '" + text
                          + "'");
  }

  void section(const char* name) {
    if (!file_)
      out_ << "[" << name << "]\n\n";
  }

  /// Every key of the file must be one that was visited.
  void refuse_unknown() {
    for (const auto& [name, node] : *file_) {
      if (const auto* table = node.as_table()) {
        for (const auto& [inner, value] : *table)
          check_known(std::string{name.str()} + '.' + std::string{inner.str()});
      } else {
        check_known(std::string{name.str()});
      }
    }
  }

  [[nodiscard]] std::string documentation() const { return out_.str(); }

private:
  static std::string last_part(const std::string& key) {
    const auto dot = key.rfind('.');
    return dot == std::string::npos ? key : key.substr(dot + 1);
  }

  template <class T>
  void document(const std::string& key, const T& value, const char* meaning) {
    out_ << "# " << meaning << '\n' << last_part(key) << " = " << print(value) << "\n\n";
  }

  [[nodiscard]] std::optional<std::string> from_environment(const std::string& key) const {
    return (*env_)("SPOTTER_" + upper(key));
  }

  void check_known(const std::string& key) {
    for (const auto& known : known_)
      if (known == key)
        return;
    errors_.push_back("'" + key + "' is not a setting; `spotterd config` lists them all");
  }

  const toml::table* file_; // nullptr: document
  const environment* env_;
  config_errors& errors_;
  std::vector<std::string> known_;
  std::ostringstream out_;
};

void visit(visitor& v, settings& s) {
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
    "smtp://host[:port], with STARTTLS, or smtps://host[:port]; empty: mails stay in the outbox, "
    "which this machine sees at /outbox");
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

void check_secrets(const settings& s, config_errors& errors) {
  const auto& endpoint = s.secrets.google_endpoint;
  if ((!endpoint.starts_with("https://") && !endpoint.starts_with("http://127.0.0.1:"))
      || endpoint.ends_with('/'))
    errors.push_back("secrets.google_endpoint must be an https:// URL without a slash at its end");
  const auto check_key = [&errors](const char* key, const std::string& named) {
    if (named.starts_with("gcp-secret-manager:") && !is_secret_reference(named))
      errors.push_back(std::string{key}
                       + " must be as gcp-secret-manager:projects/…/secrets/…/versions/…");
  };
  check_key("identity.signing_key", s.identity.signing_key);
  check_key("identity.sealing_key", s.identity.sealing_key);
  for (const auto& older : s.identity.older_sealing_keys)
    check_key("identity.older_sealing_keys", older);
}

void check_mail(const settings& s, config_errors& errors) {
  const auto& m = s.mail;
  if (!is_secret_reference(m.password))
    errors.push_back("mail.password must be named as file:<path>, env:<NAME> or "
                     "gcp-secret-manager:projects/…/secrets/…/versions/…, not written here");
  if (!s.identity.breach_service.empty() && !s.identity.breach_service.starts_with("https://")
      && !s.identity.breach_service.starts_with("http://127.0.0.1:"))
    errors.push_back("identity.breach_service must be an https:// URL");
  if (!m.public_url.empty()
      && ((!m.public_url.starts_with("https://") && !m.public_url.starts_with("http://"))
          || m.public_url.ends_with('/')))
    errors.push_back("mail.public_url must be as https://host, without a slash at its end");
  if (m.server.empty())
    return;
  if (!m.server.starts_with("smtp://") && !m.server.starts_with("smtps://"))
    errors.push_back("mail.server must begin with smtp:// or smtps://");
  if (m.server.find('@') != std::string::npos)
    errors.push_back("mail.server must not hold a user: set mail.user and mail.password");
  if (m.from.find('@') == std::string::npos)
    errors.push_back("mail.server needs mail.from, the address that mails come from");
  if (m.public_url.empty())
    errors.push_back("mail.server needs mail.public_url, where links in mails lead");
}

bool is_host_and_port(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0)
    return false;
  const auto* end = text.data() + text.size();
  int port = 0;
  const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, port);
  return error == std::errc{} && rest == end && port >= 0 && port <= 65'535;
}

void check_cluster(const settings& s, config_errors& errors) {
  const auto& c = s.cluster;
  if (s.database.server.empty())
    errors.push_back(
      "a node of a cluster needs database.server: the database that all nodes share");
  const auto needed = [&errors](const std::string& value, const char* key) {
    if (value.empty())
      errors.push_back(std::string{"a node of a cluster needs "} + key
                       + ": links between nodes are encrypted and verified");
  };
  needed(c.certificate, "cluster.certificate");
  needed(c.key, "cluster.key");
  needed(c.ca, "cluster.ca");
  if (s.identity.sealing_key.empty())
    errors.push_back(
      "a node of a cluster needs identity.sealing_key: a file that all nodes share, so "
      "that each can check the codes of authenticators");
  if (s.identity.signing_key.empty())
    errors.push_back(
      "a node of a cluster needs identity.signing_key: a file that all nodes share, so "
      "that each accepts the tokens of the others");
  if (!is_host_and_port(c.listen))
    errors.push_back("cluster.listen must be host:port, not '" + c.listen + "'");
  if (!c.advertise.empty() && !is_host_and_port(c.advertise))
    errors.push_back("cluster.advertise must be host:port, not '" + c.advertise + "'");
  if (c.lease < c.margin + 2 * c.beat)
    errors.push_back("cluster.lease must leave time for two beats before the margin: at least "
                     + std::to_string((c.margin + 2 * c.beat).count()) + " ms here");
  if (c.silence < 2 * c.ping)
    errors.push_back("cluster.silence must be at least twice cluster.ping");
}

void check_database(const settings& s, config_errors& errors) {
  const auto& d = s.database;
  const auto sum = d.connections(s.cluster.enabled);
  if (sum > d.connections_limit)
    errors.push_back(
      "database.connections_limit is " + std::to_string(d.connections_limit)
      + ", but database.writers (" + std::to_string(d.writers) + "), database.readers ("
      + std::to_string(d.readers) + "), twice database.identity_workers ("
      + std::to_string(2 * d.identity_workers) + "), jobs, upkeep, accounts, exports, keys (5)"
      + (s.cluster.enabled ? " and the cluster (1)" : "") + " make " + std::to_string(sum));
  if (d.pooled && (d.server.empty() || d.direct.empty()))
    errors.push_back("database.pooled needs database.server (the pooler) and database.direct (the "
                     "database behind it)");
}

void check(const settings& s, config_errors& errors) {
  check_database(s, errors);
  if (s.listen.tls_certificate.empty() != s.listen.tls_key.empty())
    errors.push_back("listen.tls_certificate and listen.tls_key go together: set both or neither");
  if (s.listen.forwarded_header != "x-forwarded-for" && s.listen.forwarded_header != "forwarded")
    errors.push_back("listen.forwarded_header must be x-forwarded-for or forwarded, not '"
                     + s.listen.forwarded_header + "'");
  constexpr const char* levels[] = {"trace", "debug", "info", "warn", "error"};
  if (std::find(std::begin(levels), std::end(levels), s.log_level) == std::end(levels))
    errors.push_back("log_level must be trace, debug, info, warn or error, not '" + s.log_level
                     + "'");
  const auto& redis = s.redis.server;
  if (!redis.empty() && !redis.starts_with("redis://") && !redis.starts_with("rediss://")
      && !redis.starts_with("unix://"))
    errors.push_back("redis.server must begin with redis://, rediss:// or unix://");
  check_mail(s, errors);
  check_secrets(s, errors);
  if (s.cluster.enabled)
    check_cluster(s, errors);
  if (s.data.empty())
    errors.push_back("data must name a folder");
}

std::filesystem::path default_data(const environment& env) {
  if (const auto xdg = env("XDG_DATA_HOME"); xdg && !xdg->empty())
    return std::filesystem::path{*xdg} / "spotter";
  if (const auto home = env("HOME"); home && !home->empty() && *home != "/root")
    return std::filesystem::path{*home} / ".local" / "share" / "spotter";
  return "/var/lib/spotter";
}

} // namespace

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? std::optional<std::string>{value} : std::nullopt;
}

std::variant<settings, config_errors> load(const std::string& text, const environment& env) {
  config_errors errors;
  toml::table file;
  try {
    file = toml::parse(text);
  } catch (const toml::parse_error& why) {
    std::ostringstream message;
    message << "the configuration is not TOML: " << why.description() << " in line "
            << why.source().begin.line;
    return config_errors{message.str()};
  }
  // The short forms are aliases of the long ones, which win.
  const environment with_aliases = [&env](const std::string& name) -> std::optional<std::string> {
    if (auto value = env(name))
      return value;
    if (name == "SPOTTER_LISTEN_PORT")
      return env("SPOTTER_PORT");
    if (name == "SPOTTER_DATABASE_SERVER")
      return env("SPOTTER_DATABASE");
    return std::nullopt;
  };
  settings s;
  s.data = default_data(env);
  visitor v{&file, &with_aliases, errors};
  visit(v, s);
  v.refuse_unknown();
  check(s, errors);
  if (!errors.empty())
    return errors;
  return s;
}

std::string documented_defaults() {
  config_errors errors;
  settings s;
  s.data = "/var/lib/spotter";
  visitor v{nullptr, nullptr, errors};
  visit(v, s);
  return v.documentation();
}

} // namespace spotter::config
