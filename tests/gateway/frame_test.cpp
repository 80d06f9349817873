#include "gateway/websocket/frame.hpp"

#define CAF_SUITE frame
#include "caf/test/dsl.hpp"

using namespace spotter::gateway;
using namespace spotter::gateway::websocket;

namespace {

constexpr std::size_t most = 64 * 1024;

/// A client's frame, masked.
std::string frame(unsigned first, std::string_view payload, bool masked = true) {
  std::string out;
  out += static_cast<char>(first);
  const unsigned bit = masked ? 0x80 : 0;
  const auto size = payload.size();
  if (size < 126) {
    out += static_cast<char>(bit | size);
  } else if (size < 65'536) {
    out += static_cast<char>(bit | 126);
    out += static_cast<char>(size >> 8);
    out += static_cast<char>(size & 0xff);
  } else {
    out += static_cast<char>(bit | 127);
    for (int shift = 56; shift >= 0; shift -= 8)
      out += static_cast<char>((std::uint64_t{size} >> shift) & 0xff);
  }
  if (!masked)
    return out.append(payload);
  const std::string mask = "\x12\x34\x56\x78";
  out += mask;
  for (std::size_t i = 0; i < size; ++i)
    out += static_cast<char>(payload[i] ^ mask[i % 4]);
  return out;
}

constexpr unsigned fin_text = 0x81;
constexpr unsigned more_text = 0x01;
constexpr unsigned more = 0x00;
constexpr unsigned fin = 0x80;
constexpr unsigned ping = 0x89;
constexpr unsigned close_frame = 0x88;

struct recorder : frame_handler {
  std::vector<std::string> texts;
  std::vector<std::pair<opcode, std::string>> controls;
  bool go_on = true;

  bool on_text(std::string& text) override {
    texts.push_back(text);
    return go_on;
  }
  bool on_control(opcode kind, std::string_view payload) override {
    controls.emplace_back(kind, payload);
    return go_on;
  }
};

struct fixture {
  frame_parser parser;
  recorder seen;

  close_code feed(std::string bytes, std::size_t piece = 1 << 20) {
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      const auto n = std::min(piece, bytes.size() - at);
      if (const auto code = parser.feed(bytes.data() + at, n, most, seen);
          code != close_code::normal)
        return code;
    }
    return close_code::normal;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(frame_tests, fixture)

CAF_TEST(takes a text whole and in single bytes) {
  CAF_CHECK_EQUAL(feed(frame(fin_text, "hello") + frame(fin_text, "")), close_code::normal);
  CAF_CHECK_EQUAL(feed(frame(fin_text, std::string(300, 'x')), 1), close_code::normal);
  CAF_CHECK_EQUAL(feed(frame(fin_text, std::string(70'000, 'x')), 999),
                  close_code::message_too_big);
  CAF_REQUIRE_EQUAL(seen.texts.size(), 3u);
  CAF_CHECK_EQUAL(seen.texts[0], "hello");
  CAF_CHECK_EQUAL(seen.texts[1], "");
  CAF_CHECK_EQUAL(seen.texts[2], std::string(300, 'x'));
}

CAF_TEST(holds nothing once a message is complete) {
  const auto bytes = frame(fin_text, "hello");
  feed(bytes.substr(0, 3));
  CAF_CHECK(!parser.idle());
  feed(bytes.substr(3));
  CAF_CHECK(parser.idle());
  feed(frame(more_text, "a") + frame(fin, "b"));
  CAF_CHECK(parser.idle());
}

CAF_TEST(joins fragments and lets control frames come between) {
  const auto bytes =
    frame(more_text, "he") + frame(ping, "p") + frame(more, "l") + frame(fin, "lo");
  for (const std::size_t piece : {1u, 2u, 5u, 1000u}) {
    seen = {};
    CAF_CHECK_EQUAL(feed(bytes, piece), close_code::normal);
    CAF_REQUIRE_EQUAL(seen.texts.size(), 1u);
    CAF_CHECK_EQUAL(seen.texts[0], "hello");
    CAF_REQUIRE_EQUAL(seen.controls.size(), 1u);
    CAF_CHECK_EQUAL(seen.controls[0].second, "p");
  }
}

CAF_TEST(refuses a continuation without a beginning) {
  CAF_CHECK_EQUAL(feed(frame(fin, "x")), close_code::protocol_error);
}

CAF_TEST(refuses a new message inside a fragmented one) {
  CAF_CHECK_EQUAL(feed(frame(more_text, "x") + frame(fin_text, "y")), close_code::protocol_error);
}

CAF_TEST(refuses frames that are not masked) {
  CAF_CHECK_EQUAL(feed(frame(fin_text, "x", false)), close_code::protocol_error);
}

CAF_TEST(refuses reserved bits and unknown opcodes) {
  for (const unsigned first : {0xc1u, 0xa1u, 0x91u, 0x83u, 0x8bu, 0x87u}) {
    frame_parser fresh;
    auto bytes = frame(first, "x");
    CAF_CHECK_EQUAL(fresh.feed(bytes.data(), bytes.size(), most, seen), close_code::protocol_error);
  }
}

CAF_TEST(refuses binary messages) {
  CAF_CHECK_EQUAL(feed(frame(0x82, "x")), close_code::unsupported_data);
}

CAF_TEST(refuses control frames that are long or in pieces) {
  CAF_CHECK_EQUAL(feed(frame(ping, std::string(126, 'x'))), close_code::protocol_error);
  CAF_CHECK_EQUAL(feed(frame(0x09, "x")), close_code::protocol_error);
}

CAF_TEST(refuses lengths that are not in their shortest form) {
  std::string bytes = "\x81";
  bytes += static_cast<char>(0x80 | 126);
  bytes += '\0';
  bytes += '\x05';
  bytes += "\1\2\3\4hello";
  CAF_CHECK_EQUAL(feed(bytes), close_code::protocol_error);
}

CAF_TEST(refuses a frame over the limit by its announcement alone) {
  const auto bytes = frame(fin_text, std::string(most + 1, 'x')).substr(0, 14);
  CAF_CHECK_EQUAL(feed(bytes), close_code::message_too_big);
}

CAF_TEST(refuses fragments that are too big together) {
  CAF_CHECK_EQUAL(feed(frame(more_text, std::string(40'000, 'x'))), close_code::normal);
  CAF_CHECK_EQUAL(feed(frame(fin, std::string(40'000, 'x'))), close_code::message_too_big);
}

CAF_TEST(checks UTF 8 over the borders of fragments) {
  CAF_CHECK_EQUAL(feed(frame(more_text, "\xe2\x82") + frame(fin, "\xac")), close_code::normal);
  CAF_REQUIRE_EQUAL(seen.texts.size(), 1u);
  CAF_CHECK_EQUAL(seen.texts[0], "\xe2\x82\xac");
  CAF_CHECK_EQUAL(feed(frame(more_text, "\xe2\x82") + frame(fin, "x")), close_code::invalid_text);
}

CAF_TEST(refuses text that ends inside a character) {
  CAF_CHECK_EQUAL(feed(frame(fin_text, "\xe2\x82")), close_code::invalid_text);
}

CAF_TEST(refuses overlong forms and surrogates and what is past the last character) {
  for (const auto* bad :
       {"\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "\x80"})
    CAF_CHECK(!is_utf8(bad));
  for (const auto* good :
       {"", "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8f\x8b", "\xf4\x8f\xbf\xbf"})
    CAF_CHECK(is_utf8(good));
}

CAF_TEST(reads close frames) {
  CAF_CHECK_EQUAL(parse_close("").code, 1005);
  CAF_CHECK_EQUAL(parse_close("\x03\xe8"
                              "bye")
                    .code,
                  1000);
  CAF_CHECK(parse_close("\x0f\xa0").valid);
  CAF_CHECK(!parse_close("\x03").valid);
  CAF_CHECK(!parse_close("\x03\xed").valid); // 1005 must not be sent
  CAF_CHECK(!parse_close("\x03\xe8\xff").valid);
}

CAF_TEST(stops when the handler says so) {
  seen.go_on = false;
  CAF_CHECK_EQUAL(feed(frame(close_frame, "") + frame(fin_text, "late")), close_code::normal);
  CAF_CHECK(seen.texts.empty());
}

CAF_TEST(writes frames that can be walked over) {
  std::string frames;
  for (const std::size_t size : {0u, 125u, 126u, 65'535u, 65'536u})
    append_frame(frames, opcode::text, std::string(size, 'x'));
  append_close(frames, close_code::slow_consumer);
  std::size_t at = 0;
  std::size_t count = 0;
  for (; at < frames.size(); ++count)
    at += frame_size(frames, at);
  CAF_CHECK_EQUAL(at, frames.size());
  CAF_CHECK_EQUAL(count, 6u);
}

CAF_TEST(tells by its number whether a close is to be followed by a reconnect) {
  CAF_CHECK(is_reconnect(close_code::slow_consumer));
  CAF_CHECK(is_reconnect(close_code::token_expired));
  CAF_CHECK(!is_reconnect(close_code::session_revoked));
  CAF_CHECK(!is_reconnect(close_code::message_too_big));
}

CAF_TEST_FIXTURE_SCOPE_END()
