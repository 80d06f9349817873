#include "links/frame.hpp"

#define CAF_SUITE frame
#include "caf/test/dsl.hpp"

#include "links/wire_format.hpp"
#include "tests/links/frames.hpp"

#include <caf/binary_serializer.hpp>

#include <random>

using namespace spotter;
using namespace spotter::links;
using namespace spotter::test;

namespace {

std::span<const std::byte> view(const bytes& all) {
  return all;
}

/// What a cutter makes of a stream that comes in pieces.
struct recorder {
  std::vector<std::pair<frame_kind, bytes>> seen;
  std::size_t most = 1'000;
  frame_cutter cutter{[this](frame_kind, std::size_t size) { return size <= most; },
                      [this](frame_kind kind, std::span<const std::byte> payload) {
                        seen.emplace_back(kind, bytes{payload.begin(), payload.end()});
                        return true;
                      }};
};

void put_number(bytes& out, std::uint64_t number) {
  for (; number > 0x7f; number >>= 7)
    out.push_back(static_cast<std::byte>(number | 0x80));
  out.push_back(static_cast<std::byte>(number));
}

} // namespace

CAF_TEST(every message comes back as it was) {
  for (auto& frame : all_frames()) {
    const auto payload = payload_of(frame);
    const auto back = decode_message(payload);
    CAF_REQUIRE(back);
    CAF_CHECK_EQUAL(back->index(), frame.index());
    CAF_CHECK(payload_of(*back) == payload);
  }
}

CAF_TEST(ordinary messages look as CAF writes them) {
  for (auto& frame : all_frames()) {
    caf::byte_buffer theirs;
    caf::binary_serializer sink{nullptr, theirs};
    CAF_REQUIRE(sink.apply(frame));
    const auto ours = payload_of(frame);
    CAF_CHECK(std::equal(ours.begin(), ours.end(), theirs.begin(), theirs.end(),
                         [](std::byte a, caf::byte b) {
                           return static_cast<std::uint8_t>(a) == static_cast<std::uint8_t>(b);
                         }));
  }
}

CAF_TEST(tiny doubles keep their value) {
  messages::log_set what;
  what.entry.actual.distance_m = 4.9e-324;
  messages::command envelope;
  envelope.body = what;
  messages::peer_request request;
  request.what = envelope;
  const auto back = decode_message(payload_of(request));
  CAF_REQUIRE(back);
  const auto& read = std::get<messages::command>(std::get<messages::peer_request>(*back).what).body;
  CAF_CHECK_EQUAL(std::get<messages::log_set>(read).entry.actual.distance_m.value(), 4.9e-324);
}

CAF_TEST(a message that is cut anywhere or goes on is refused) {
  for (auto& frame : all_frames()) {
    auto payload = payload_of(frame);
    const auto step = payload.size() / 500 + 1;
    for (std::size_t size = 0; size < payload.size(); size += step)
      CAF_CHECK(!decode_message(view(payload).first(size)));
    payload.push_back(std::byte{0});
    CAF_CHECK(!decode_message(payload));
  }
}

CAF_TEST(an alternative that does not exist is refused) {
  auto payload = payload_of(messages::unfollow{});
  for (int index = std::variant_size_v<messages::peer_frame>; index < 256; ++index) {
    payload[0] = static_cast<std::byte>(index);
    CAF_CHECK(!decode_message(payload));
  }
}

CAF_TEST(sizes that a peer only claims take no memory) {
  // events_published: alternative, user, then the number of events.
  for (const auto claimed : {std::uint64_t{1} << 60, std::uint64_t{0xffffffff},
                             std::uint64_t{1} << 24, std::uint64_t{70'000}}) {
    bytes payload(17, std::byte{0});
    payload[0] = std::byte{3};
    put_number(payload, claimed);
    payload.resize(payload.size() + 1'000);
    CAF_CHECK(!decode_message(payload));
  }
  // A text of four gigabytes.
  bytes payload = payload_of(messages::events_published{{}, std::vector<messages::event>(1)});
  payload.pop_back();
  put_number(payload, 0xffffffff);
  CAF_CHECK(!decode_message(payload));
}

CAF_TEST(elements may not take far more memory than bytes) {
  // A reply with a failure that has a million errors of three bytes each, 96 bytes in memory.
  bytes payload = payload_of(messages::peer_reply{
    1, 1, messages::command_reply{messages::failure{messages::failure_code::internal, "", {}, 0}}});
  const std::size_t before_errors = payload.size() - 5;
  CAF_REQUIRE_EQUAL(std::to_integer<int>(payload[before_errors]), 0);
  const auto with = [&](std::size_t count) {
    bytes out{payload.begin(), payload.begin() + static_cast<std::ptrdiff_t>(before_errors)};
    put_number(out, count);
    out.resize(out.size() + 3 * count + 4);
    return out;
  };
  CAF_CHECK(decode_message(with(100)));
  CAF_CHECK(!decode_message(with(1'000'000)));
}

CAF_TEST(there is one way to write each value) {
  auto payload = payload_of(messages::peer_reply{1, 1, messages::command_reply{}});
  // alternative, id, epoch, alternative, alternative, created
  const std::size_t created = 1 + 8 + 8 + 1 + 1;
  CAF_CHECK(decode_message(payload));
  payload[created] = std::byte{2};
  CAF_CHECK(!decode_message(payload));
  // A size of nothing in two bytes, and one that never ends.
  bytes odd(17, std::byte{0});
  odd[0] = std::byte{3};
  odd.push_back(std::byte{0x80});
  odd.push_back(std::byte{0});
  CAF_CHECK(!decode_message(odd));
  odd.resize(17);
  odd.resize(300, std::byte{0xff});
  CAF_CHECK(!decode_message(odd));
}

CAF_TEST(random changes of messages are refused or read and never more) {
  std::minstd_rand random{7};
  for (auto& frame : all_frames()) {
    const auto payload = payload_of(frame);
    for (int i = 0; i < 2'000; ++i) {
      auto changed = payload;
      for (int k = 0; k < 3; ++k)
        changed[random() % changed.size()] = static_cast<std::byte>(random());
      if (auto read = decode_message(changed))
        CAF_CHECK(payload_of(*read) == changed);
    }
  }
}

CAF_TEST(a stream is cut into the same frames whatever its pieces) {
  bytes stream;
  append_frame(stream, frame_kind::ready, std::span<const std::byte>{});
  append_frame(stream, frame_kind::ping, 0x0102030405060708);
  append_frame(stream, frame_kind::message, bytes(900, std::byte{1}));
  append_frame(stream, frame_kind::pong, 9);
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    recorder seen;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      CAF_REQUIRE(seen.cutter.feed(view(stream).subspan(at, std::min(piece, stream.size() - at))));
      CAF_CHECK(seen.cutter.held() <= 1'000);
    }
    CAF_REQUIRE_EQUAL(seen.seen.size(), 4u);
    CAF_CHECK_EQUAL(seen.cutter.held(), 0u);
    CAF_CHECK(decode_number(seen.seen[1].second) == 0x0102030405060708);
    CAF_CHECK_EQUAL(seen.seen[2].second.size(), 900u);
    CAF_CHECK(seen.seen[3].first == frame_kind::pong);
  }
}

CAF_TEST(a length that is too large is refused before its payload) {
  recorder seen;
  const bytes header{std::byte{0x40}, {}, {}, {}, std::byte{7}};
  CAF_CHECK(!seen.cutter.feed(header));
  recorder slowly;
  for (std::size_t i = 0; i < 4; ++i)
    CAF_CHECK(slowly.cutter.feed(view(header).subspan(i, 1)));
  CAF_CHECK(!slowly.cutter.feed(view(header).subspan(4)));
  CAF_CHECK(seen.seen.empty() && slowly.seen.empty());
}
