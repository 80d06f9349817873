#pragma once

#include "gateway/close_codes.hpp"
#include "gateway/utf8.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

// RFC 6455 on the server's side: frames from clients are masked, ours are not. No extensions.

namespace spotter::gateway::websocket {

enum class opcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10,
};

/// Appends a whole, final frame.
void append_frame(std::string& out, opcode kind, std::string_view payload);

/// Appends a close frame.
void append_close(std::string& out, close_code code);

/// How many bytes the frame that begins at `at` has in a text of whole frames of ours.
[[nodiscard]] std::size_t frame_size(std::string_view frames, std::size_t at) noexcept;

/// What a client's close frame says.
struct close_request {
  std::uint16_t code = 1005; // 1005: none given
  bool valid = true;
};

/// Reads the payload of a close frame.
[[nodiscard]] close_request parse_close(std::string_view payload) noexcept;

/// Takes what the parser finds.
class frame_handler {
public:
  virtual ~frame_handler() = default;
  /// A whole text message, with room behind it for the JSON parser; may be changed. Returns false to
  /// stop parsing.
  virtual bool on_text(std::string& text) = 0;
  /// A ping, pong or close.
  virtual bool on_control(opcode kind, std::string_view payload) = 0;
};

/// Cuts a client's bytes into messages. Holds memory only while a frame or message is incomplete.
class frame_parser {
public:
  /// Takes bytes, which are unmasked in place. Returns `normal` while all is well, otherwise the
  /// code to close with; after that it must not be fed again. Stops early, with `normal`, when the
  /// handler says so.
  close_code feed(char* data, std::size_t size, std::size_t most, frame_handler& handler);

  /// True while nothing incomplete is held.
  [[nodiscard]] bool idle() const noexcept { return !partial_; }

private:
  struct partial {
    std::string bytes;   // of an incomplete frame, still masked
    std::string message; // of a fragmented message, unmasked
    utf8_checker text;
    bool in_message = false;
  };

  close_code take_frames(char* data, std::size_t size, std::size_t most, frame_handler& handler,
                         std::size_t& used, bool& stopped);

  std::unique_ptr<partial> partial_;
};

} // namespace spotter::gateway::websocket
