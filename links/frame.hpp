#pragma once

#include "actors/messages/all.hpp"
#include "links/protocol.hpp"

#include <functional>

// What travels on a connection once TLS stands: a length (4 bytes, big endian, of the payload), a
// kind (1 byte), the payload.

namespace spotter::links {

/// The kinds of frames. The numbers travel: append only.
enum class frame_kind : std::uint8_t {
  hello = 1, // dialler → acceptor, first
  answer,    // acceptor → dialler, first
  ready,     // dialler → acceptor: the answer is accepted
  ping,      // both ways: 8 bytes of the sender's own
  pong,      // both ways: the same 8 bytes
  credit,    // acceptor → dialler: 8 bytes, so many more may be sent
  message,   // dialler → acceptor: a messages::peer_frame
};

inline constexpr std::size_t header_size = 5;

/// Appends a whole frame.
void append_frame(bytes& out, frame_kind kind, std::span<const std::byte> payload);

/// Appends a frame whose payload is 8 bytes.
void append_frame(bytes& out, frame_kind kind, std::uint64_t payload);

/// Appends a frame with a message; `out` is as before and the result false when its payload would be
/// larger than `most`.
[[nodiscard]] bool append_message(bytes& out, messages::peer_frame& what, std::size_t most);

/// Reads the payload of a message; nullopt for anything but exactly one.
[[nodiscard]] std::optional<messages::peer_frame> decode_message(
  std::span<const std::byte> payload);

/// Reads the payload of a ping, pong or credit.
[[nodiscard]] std::optional<std::uint64_t> decode_number(std::span<const std::byte> payload);

/// Cuts a stream into frames. Holds the bytes that have come of an unfinished frame, never more room
/// than twice that.
class frame_cutter {
public:
  /// Judges a header as soon as it is there: a false ends the stream.
  using judge = std::function<bool(frame_kind kind, std::size_t size)>;
  /// Takes a frame; a false ends the stream.
  using taker = std::function<bool(frame_kind kind, std::span<const std::byte> payload)>;

  frame_cutter(judge may_come, taker take)
    : may_come_(std::move(may_come)), take_(std::move(take)) {}

  /// Takes the next bytes. False: the stream has ended, and must not be fed again.
  [[nodiscard]] bool feed(std::span<const std::byte> in);

  /// Bytes held.
  [[nodiscard]] std::size_t held() const noexcept { return held_.size(); }

private:
  judge may_come_;
  taker take_;
  bytes held_;          // the beginning of a frame
  bool judged_ = false; // the header in held_ has been
};

} // namespace spotter::links
