#include "links/protocol.hpp"

#define CAF_SUITE protocol
#include "caf/test/dsl.hpp"

#include <random>

using namespace spotter;
using namespace spotter::links;

namespace {

hello some_hello() {
  return {{1, 2}, "spotter", "node-1", domain::make_uuid_v7(), domain::make_uuid_v7(), "0.1.0"};
}

} // namespace

CAF_TEST(the newest common protocol is chosen) {
  CAF_CHECK(choose_protocol({1, 1}, {1, 1}) == 1);
  CAF_CHECK(choose_protocol({1, 1}, {1, 2}) == 1);
  CAF_CHECK(choose_protocol({1, 3}, {2, 5}) == 3);
  CAF_CHECK(choose_protocol({2, 5}, {1, 3}) == 3);
  CAF_CHECK(!choose_protocol({1, 1}, {2, 2}));
  CAF_CHECK(!choose_protocol({2, 2}, {1, 1}));
}

CAF_TEST(a hello comes back as it was and may go on) {
  const auto said = some_hello();
  auto payload = encode(said);
  payload.resize(payload.size() + 100);
  const auto heard = decode_hello(payload);
  CAF_REQUIRE(heard);
  CAF_CHECK(heard->protocol == said.protocol);
  CAF_CHECK(heard->incarnation == said.incarnation);
  CAF_CHECK(heard->meant == said.meant);
  CAF_CHECK_EQUAL(heard->cluster_id, said.cluster_id);
  CAF_CHECK_EQUAL(heard->node_id, said.node_id);
  CAF_CHECK_EQUAL(heard->release, said.release);
}

CAF_TEST(an answer comes back as it was and may go on) {
  answer said;
  said.why = refusal::protocol;
  said.chosen = 7;
  said.protocol = {3, 9};
  said.node_id = "node-2";
  said.incarnation = domain::make_uuid_v7();
  said.window = 8'000'000;
  said.words = "no";
  auto payload = encode(said);
  payload.resize(payload.size() + 100);
  const auto heard = decode_answer(payload);
  CAF_REQUIRE(heard);
  CAF_CHECK(heard->why == said.why);
  CAF_CHECK_EQUAL(heard->chosen, said.chosen);
  CAF_CHECK_EQUAL(heard->window, said.window);
  CAF_CHECK_EQUAL(heard->node_id, said.node_id);
  CAF_CHECK_EQUAL(heard->words, said.words);
}

CAF_TEST(a hello never exceeds its limit) {
  auto said = some_hello();
  said.cluster_id.assign(10'000, 'c');
  said.node_id.assign(253, 'n');
  said.release.assign(10'000, 'r');
  CAF_CHECK(encode(said).size() <= max_hello);
  CAF_CHECK(decode_hello(encode(said)));
  answer out;
  out.node_id.assign(10'000, 'n');
  out.release.assign(10'000, 'r');
  out.words.assign(10'000, 'w');
  CAF_CHECK(encode(out).size() <= max_hello);
}

CAF_TEST(what is no hello is refused) {
  const auto payload = encode(some_hello());
  for (std::size_t size = 0; size < payload.size(); ++size)
    CAF_CHECK(!decode_hello(std::span{payload}.first(size)));
  auto other = payload;
  other[0] = std::byte{'X'};
  CAF_CHECK(!decode_hello(other));
  auto nil = some_hello();
  nil.incarnation = {};
  CAF_CHECK(!decode_hello(encode(nil)));
  auto backwards = some_hello();
  backwards.protocol = {2, 1};
  CAF_CHECK(!decode_hello(encode(backwards)));
}

CAF_TEST(a node id is a DNS name and nothing that OpenSSL takes for a pattern) {
  CAF_CHECK(is_node_id("node-1"));
  CAF_CHECK(is_node_id("spotter-0.spotter.default.svc"));
  CAF_CHECK(!is_node_id(""));
  CAF_CHECK(!is_node_id(".example.org"));
  CAF_CHECK(!is_node_id("*.example.org"));
  CAF_CHECK(!is_node_id("node 1"));
  CAF_CHECK(!is_node_id(std::string_view{"node\0evil", 9}));
  CAF_CHECK(!is_node_id(std::string(254, 'a')));
}
