#include "config/setting_checks.hpp"

#include "config/secret.hpp"

#include <algorithm>
#include <charconv>

namespace spotter::config {

namespace {

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
  if (!is_secret_reference(d.password))
    errors.push_back("database.password must be named as file:<path>, env:<NAME> or "
                     "gcp-secret-manager:projects/…/secrets/…/versions/…, not written here");
  if (!d.password.empty() && d.server.empty())
    errors.push_back("database.password needs database.server: the embedded database has none");
  if (d.pooled && (d.server.empty() || d.direct.empty()))
    errors.push_back("database.pooled needs database.server (the pooler) and database.direct (the "
                     "database behind it)");
}

} // namespace

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

} // namespace spotter::config
