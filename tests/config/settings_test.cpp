#include "config/settings.hpp"

#define CAF_SUITE settings
#include "caf/test/dsl.hpp"

#include <map>

using namespace spotter;
using namespace std::chrono_literals;

namespace {

config::environment environment_of(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    const auto it = values.find(name);
    return it == values.end() ? std::nullopt : std::optional{it->second};
  };
}

std::variant<config::settings, config::config_errors> load(
  const std::string& text, std::map<std::string, std::string> environment = {}) {
  return config::load(text, environment_of(std::move(environment)));
}

bool mentions(const config::config_errors& errors, const std::string& what) {
  for (const auto& error : errors)
    if (error.find(what) != std::string::npos)
      return true;
  return false;
}

const std::map<std::string, std::string> a_node{{"SPOTTER_CLUSTER_ENABLED", "true"},
                                                {"SPOTTER_DATABASE", "host=db dbname=spotter"},
                                                {"SPOTTER_CLUSTER_CERTIFICATE", "n1.pem"},
                                                {"SPOTTER_CLUSTER_KEY", "n1.key"},
                                                {"SPOTTER_CLUSTER_CA", "ca.pem"},
                                                {"SPOTTER_IDENTITY_SIGNING_KEY", "signing.key"},
                                                {"SPOTTER_IDENTITY_SEALING_KEY", "sealing.key"}};

} // namespace

CAF_TEST(an empty file gives the defaults) {
  const auto loaded = load("");
  CAF_REQUIRE(std::holds_alternative<config::settings>(loaded));
  const auto& s = std::get<config::settings>(loaded);
  CAF_CHECK_EQUAL(s.listen.port, 8080);
  CAF_CHECK(!s.cluster.enabled);
}

CAF_TEST(the documented defaults are a valid file) {
  CAF_CHECK(std::holds_alternative<config::settings>(load(config::documented_defaults())));
}

CAF_TEST(redis is named by an address of its own kind and not quoted) {
  CAF_CHECK(
    std::holds_alternative<config::settings>(load("[redis]\nserver = \"unix:///run/redis\"\n")));
  const auto loaded = load("[redis]\nserver = \"http://me:secret@cache\"\n");
  CAF_REQUIRE(std::holds_alternative<config::config_errors>(loaded));
  const auto& errors = std::get<config::config_errors>(loaded);
  CAF_CHECK(mentions(errors, "redis.server"));
  CAF_CHECK(!mentions(errors, "secret"));
}

CAF_TEST(the password of the database is named and never written down) {
  const auto with = [](const std::string& password) {
    return load("[database]\nserver = \"host=db\"\npassword = \"" + password + "\"\n");
  };
  CAF_CHECK_EQUAL(std::get<config::settings>(with("env:DB_PASSWORD")).database.password,
                  "env:DB_PASSWORD");
  const auto written = with("hunter2 hunter2");
  CAF_REQUIRE(std::holds_alternative<config::config_errors>(written));
  CAF_CHECK(mentions(std::get<config::config_errors>(written), "database.password"));
  CAF_CHECK(!mentions(std::get<config::config_errors>(written), "hunter2"));
  const auto embedded = load("[database]\npassword = \"env:DB_PASSWORD\"\n");
  CAF_REQUIRE(std::holds_alternative<config::config_errors>(embedded));
  CAF_CHECK(mentions(std::get<config::config_errors>(embedded), "database.server"));
}

CAF_TEST(the environment overrules the file) {
  const auto loaded = load("[listen]\nport = 1\n", {{"SPOTTER_LISTEN_PORT", "2"}});
  CAF_CHECK_EQUAL(std::get<config::settings>(loaded).listen.port, 2);
}

CAF_TEST(everything that is wrong is said at once) {
  const auto loaded = load("colour = 1\n[listen]\nport = 70000\n[cluster]\nenabled = 1\n");
  CAF_REQUIRE(std::holds_alternative<config::config_errors>(loaded));
  const auto& errors = std::get<config::config_errors>(loaded);
  CAF_CHECK(mentions(errors, "colour"));
  CAF_CHECK(mentions(errors, "listen.port"));
  CAF_CHECK(mentions(errors, "cluster.enabled"));
}

CAF_TEST(a node of a cluster starts with all that it needs) {
  const auto loaded = load("", a_node);
  CAF_REQUIRE(std::holds_alternative<config::settings>(loaded));
  CAF_CHECK(std::get<config::settings>(loaded).cluster.enabled);
}

CAF_TEST(a node of a cluster is refused without any of its parts) {
  for (const auto& [name, value] : a_node) {
    if (name == "SPOTTER_CLUSTER_ENABLED")
      continue;
    auto incomplete = a_node;
    incomplete.erase(name);
    CAF_CHECK(std::holds_alternative<config::config_errors>(load("", incomplete)));
  }
}

CAF_TEST(a lease too short for its beats is refused) {
  auto hasty = a_node;
  hasty["SPOTTER_CLUSTER_LEASE"] = "1000";
  hasty["SPOTTER_CLUSTER_BEAT"] = "400";
  const auto loaded = load("", hasty);
  CAF_REQUIRE(std::holds_alternative<config::config_errors>(loaded));
  CAF_CHECK(mentions(std::get<config::config_errors>(loaded), "cluster.lease"));
}

CAF_TEST(an address without a port is refused) {
  for (const char* wrong : {"n1.example.org", ":7400", "n1:", "n1:99999", "n1:7400x"}) {
    auto vague = a_node;
    vague["SPOTTER_CLUSTER_ADVERTISE"] = wrong;
    CAF_CHECK(std::holds_alternative<config::config_errors>(load("", vague)));
  }
}

CAF_TEST(more connections than the limit are refused with their sum) {
  const auto loaded = load("[database]\nreaders = 93\n");
  CAF_REQUIRE(std::holds_alternative<config::config_errors>(loaded));
  const auto& errors = std::get<config::config_errors>(loaded);
  CAF_CHECK(mentions(errors, "database.connections_limit is 100"));
  CAF_CHECK(mentions(errors, "make 101"));
  CAF_CHECK(mentions(errors, "make 100") == false);
  CAF_CHECK(std::holds_alternative<config::settings>(load("[database]\nreaders = 92\n")));
}

CAF_TEST(a pooler is refused without a way past it) {
  const auto loaded = load("[database]\npooled = true\nserver = \"host=pooler\"\n");
  CAF_REQUIRE(std::holds_alternative<config::config_errors>(loaded));
  CAF_CHECK(mentions(std::get<config::config_errors>(loaded), "database.direct"));
}

CAF_TEST(proxies are addresses and networks) {
  const auto good = load("[listen]\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\"]\n"
                         "forwarded_header = \"forwarded\"\n");
  CAF_REQUIRE(std::holds_alternative<config::settings>(good));
  CAF_CHECK_EQUAL(std::get<config::settings>(good).listen.trusted_proxies.size(), 2u);
  const auto none = load("");
  CAF_CHECK(std::get<config::settings>(none).listen.trusted_proxies.empty());
  const auto bad =
    load("", {{"SPOTTER_LISTEN_TRUSTED_PROXIES", "10.0.0.0/8,proxy.example,10.1.0.0/8"},
              {"SPOTTER_LISTEN_FORWARDED_HEADER", "x-real-ip"}});
  CAF_REQUIRE(std::holds_alternative<config::config_errors>(bad));
  const auto& errors = std::get<config::config_errors>(bad);
  CAF_CHECK_EQUAL(errors.size(), 3u);
  CAF_CHECK(mentions(errors, "proxy.example"));
  CAF_CHECK(mentions(errors, "10.1.0.0/8"));
  CAF_CHECK(mentions(errors, "x-real-ip"));
}
