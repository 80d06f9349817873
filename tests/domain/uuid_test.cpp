#include "domain/uuid.hpp"

#include "domain/named_uuid.hpp"

#define CAF_SUITE uuid
#include "caf/test/dsl.hpp"

#include <thread>
#include <unordered_set>

using namespace spotter::domain;

CAF_TEST(reads its own text in both cases) {
  const auto id = parse_uuid("0190a6f2-7b3c-7def-8123-456789ABCDEF");
  CAF_REQUIRE(id.has_value());
  CAF_CHECK_EQUAL(to_string(*id), "0190a6f2-7b3c-7def-8123-456789abcdef");
  CAF_CHECK_EQUAL(id->version(), 7);
}

CAF_TEST(refuses every other form) {
  for (auto text :
       {"", "0190a6f27b3c7def8123456789abcdef", "0190a6f2-7b3c-7def-8123-456789abcde",
        "0190a6f2-7b3c-7def-8123-456789abcdeg", "{190a6f2-7b3c-7def-8123-456789abcdef",
        "0190a6f2-7b3c-7def-8123-456789abcdef ", "0190a6f2x7b3c-7def-8123-456789abcdef"})
    CAF_CHECK(!parse_uuid(text));
}

CAF_TEST(ids of a thread go up and carry version and variant) {
  auto before = make_uuid_v7();
  for (int i = 0; i < 20'000; ++i) {
    const auto id = make_uuid_v7();
    CAF_REQUIRE(before < id);
    CAF_REQUIRE(id.version() == 7);
    CAF_REQUIRE((id.bytes[8] & 0xc0) == 0x80);
    before = id;
  }
}

CAF_TEST(threads never make the same id) {
  constexpr std::size_t each = 20'000;
  std::array<std::vector<uuid>, 4> made;
  std::vector<std::thread> threads;
  for (auto& mine : made)
    threads.emplace_back([&mine] {
      for (std::size_t i = 0; i < each; ++i)
        mine.push_back(make_uuid_v7());
    });
  for (auto& thread : threads)
    thread.join();
  std::unordered_set<uuid> all;
  for (const auto& mine : made)
    all.insert(mine.begin(), mine.end());
  CAF_CHECK_EQUAL(all.size(), each * made.size());
}

CAF_TEST(only the nil id is nil) {
  CAF_CHECK(uuid{}.is_nil());
  CAF_CHECK(!make_uuid_v7().is_nil());
}

CAF_TEST(a name has the same id for ever) {
  const auto space = *parse_uuid("5f0be1d4-8c1a-8e70-9a35-0c6f4d1e2b97");
  const auto id = named_uuid(space, "bench-press-barbell");
  CAF_CHECK_EQUAL(id, named_uuid(space, "bench-press-barbell"));
  CAF_CHECK_NOT_EQUAL(id, named_uuid(space, "bench-press-dumbbell"));
  CAF_CHECK_NOT_EQUAL(id, named_uuid(uuid{}, "bench-press-barbell"));
  CAF_CHECK_EQUAL(id.version(), 8);
  CAF_CHECK_EQUAL(id.bytes[8] & 0xc0, 0x80);
}

// The vector of the paper's reference code: key 00..0f, the message of n bytes 00..n-1.
CAF_TEST(named ids agree with the published SipHash vectors) {
  uuid key;
  for (std::size_t i = 0; i < 16; ++i)
    key.bytes[i] = static_cast<std::uint8_t>(i);
  // Output words are little-endian there and big-endian here; version and variant are ours.
  CAF_CHECK_EQUAL(to_string(named_uuid(key, "")), "e6a825ba-047f-81a3-9302-55c71472f66d");
}
