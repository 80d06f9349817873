// A client's bytes over a WebSocket. The first byte says in which pieces they come: whatever the
// pieces, the parser must find the same.

#include "gateway/json/live_message.hpp"
#include "gateway/utf8.hpp"
#include "gateway/websocket/frame.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using namespace spotter::gateway;
using namespace spotter::gateway::websocket;

namespace {

constexpr std::size_t most = 4'096;

void require(bool holds) {
  if (!holds)
    std::abort();
}

struct recorder : frame_handler {
  std::string seen;
  bool closed = false;

  bool on_text(std::string& text) override {
    require(text.size() <= most && is_utf8(text));
    seen += 'T' + text + '\n';
    const auto message = parse_live_message(padded_text{text});
    if (!message)
      require(!message.error().what.malformed.empty() || !message.error().what.errors.empty());
    return true;
  }

  bool on_control(opcode kind, std::string_view payload) override {
    require(payload.size() <= 125);
    seen += 'C';
    seen += static_cast<char>(kind);
    seen += payload;
    closed = kind == opcode::close;
    if (closed)
      (void)parse_close(payload);
    return !closed;
  }
};

struct outcome {
  std::string seen;
  close_code code = close_code::normal;
};

outcome run(std::string bytes, std::size_t piece) {
  frame_parser parser;
  recorder seen;
  outcome out;
  // After a close frame nothing more is fed, as the connection would not.
  for (std::size_t at = 0; at < bytes.size() && out.code == close_code::normal && !seen.closed;
       at += piece)
    out.code = parser.feed(bytes.data() + at, std::min(piece, bytes.size() - at), most, seen);
  out.seen = std::move(seen.seen);
  return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  const std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto whole = run(bytes, bytes.size() + 1);
  const auto cut = run(bytes, data[0] % 16 + 1u);
  require(whole.seen == cut.seen);
  require(whole.code == cut.code);
  return 0;
}
