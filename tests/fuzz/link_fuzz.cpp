// A node's bytes over a link. The first byte says in which pieces they come: whatever the pieces,
// the same frames must be cut. Each payload is read as everything that it could be; what can be read
// must be written back as the same bytes.

#include "links/frame.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

using namespace spotter;
using namespace spotter::links;

namespace {

constexpr std::size_t most = 4'096;

void require(bool holds) {
  if (!holds)
    std::abort();
}

void read_all(std::span<const std::byte> payload) {
  if (auto message = decode_message(payload)) {
    bytes again;
    require(append_message(again, *message, payload.size()));
    require(again.size() == header_size + payload.size());
    require(payload.empty()
            || std::memcmp(again.data() + header_size, payload.data(), payload.size()) == 0);
  }
  if (const auto said = decode_hello(payload)) {
    require(said->node_id.size() <= 255);
    require(decode_hello(encode(*said)).has_value());
  }
  if (const auto said = decode_answer(payload))
    require(decode_answer(encode(*said)).has_value());
  (void)decode_number(payload);
}

struct outcome {
  bytes seen;
  bool ended = false;
};

outcome run(std::span<const std::byte> in, std::size_t piece) {
  outcome out;
  frame_cutter cutter{[](frame_kind kind, std::size_t size) {
                        return kind >= frame_kind::hello && kind <= frame_kind::message
                               && size <= most;
                      },
                      [&](frame_kind kind, std::span<const std::byte> payload) {
                        append_frame(out.seen, kind, payload);
                        return true;
                      }};
  for (std::size_t at = 0; at < in.size() && !out.ended; at += piece) {
    out.ended = !cutter.feed(in.subspan(at, std::min(piece, in.size() - at)));
    require(cutter.held() <= most + header_size);
  }
  return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  const std::span<const std::byte> in{reinterpret_cast<const std::byte*>(data + 1), size - 1};
  read_all(in);
  const auto whole = run(in, in.size() + 1);
  const auto cut = run(in, data[0] % 16 + 1u);
  require(whole.seen == cut.seen);
  require(whole.ended == cut.ended);
  return 0;
}
