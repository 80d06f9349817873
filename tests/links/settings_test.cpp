#include "links/links.hpp"

#define CAF_SUITE settings
#include "caf/test/dsl.hpp"

#include "tests/links/scene.hpp"

#include <fstream>

using namespace spotter;
using namespace spotter::test;

namespace {

struct fixture {
  temporary_folder folder;
  authority ca{folder, "cluster"};
  identity_files good = ca.certify("node-a");

  /// Why a node with these files does not start.
  std::string refused(const identity_files& files, const node::adjust& change = {}) {
    try {
      node started{"node-a", files, change};
      return "it started";
    } catch (const std::runtime_error& why) {
      return why.what();
    }
  }

  void check(const identity_files& files, const std::string& words) {
    const auto why = refused(files);
    CAF_MESSAGE(why);
    CAF_CHECK(why.find(words) != std::string::npos);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(settings_tests, fixture)

CAF_TEST(links do not start without certificate or key or CA) {
  check({"", good.key, good.ca}, "there is no certificate: set cluster.certificate");
  check({good.certificate, "", good.ca}, "there is no key: set cluster.key");
  check({good.certificate, good.key, ""}, "there is no CA: set cluster.ca");
  check({"", "", ""}, "links are never made without TLS");
}

CAF_TEST(a file that can not be read is named) {
  const auto missing = folder / "missing.pem";
  check({missing, good.key, good.ca},
        "the certificate " + missing + " can't be read: No such file or directory");
  check({good.certificate, missing, good.ca},
        "the key " + missing + " can't be read: No such file or directory");
  check({good.certificate, good.key, missing},
        "the CA " + missing + " can't be read: No such file or directory");
  check({folder / "", good.key, good.ca}, "can't be read: Is a directory");
}

CAF_TEST(a file with something else in it is named) {
  const auto text = folder / "text.pem";
  std::ofstream{text} << "no PEM\n";
  check({text, good.key, good.ca}, "the certificate " + text + " can't be used");
  check({good.certificate, text, good.ca}, "the key " + text + " can't be used");
  check({good.certificate, good.key, text}, "the CA " + text + " can't be used");
  const auto empty = folder / "empty.pem";
  std::ofstream{empty}.flush();
  check({empty, good.key, good.ca}, "it is empty");
}

CAF_TEST(a key of another certificate is refused) {
  const auto other = ca.certify("node-b");
  check({good.certificate, other.key, good.ca},
        "the key " + other.key + " does not belong to the certificate " + good.certificate);
}

CAF_TEST(a certificate that has expired or is not valid yet is refused) {
  const auto expired = ca.certify("node-a", -7'200, -3'600);
  check(expired, "the certificate " + expired.certificate + " expired on 2");
  const auto early = ca.certify("node-a", 3'600, 7'200);
  check(early, "the certificate " + early.certificate + " is not valid before 2");
}

CAF_TEST(a certificate without the name of the node is refused) {
  const auto other = ca.certify("node-b");
  check(other, "the certificate " + other.certificate + " does not have the DNS name node-a");
  const auto wild = ca.certify("*.cluster");
  CAF_CHECK(refused(wild, [](links::link_settings& s) { s.node_id = "a.cluster"; })
              .find("does not have the DNS name a.cluster")
            != std::string::npos);
}

CAF_TEST(a certificate of another CA is refused) {
  authority other{folder, "other"};
  const auto theirs = other.certify("node-a");
  check({theirs.certificate, theirs.key, good.ca},
        "the certificate " + theirs.certificate + " is not good for the CA " + good.ca);
}

CAF_TEST(an address that can not be listened on is named) {
  const node first{"node-a", good};
  const auto taken = first.address();
  CAF_CHECK_EQUAL(refused(good, [&](links::link_settings& s) { s.listen = taken; }),
                  "cluster links: can't listen on " + taken + ": Address already in use");
  CAF_CHECK_EQUAL(refused(good, [](links::link_settings& s) { s.listen = "7400"; }),
                  "cluster links: can't listen on 7400: it is not host:port");
}

CAF_TEST_FIXTURE_SCOPE_END()
