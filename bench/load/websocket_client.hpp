#pragma once

#include "bench/load/stream.hpp"

#include <functional>

namespace spotter::bench {

/// A WebSocket client that answers pings and hands on text. It masks with zeros, which is allowed
/// and costs nothing.
class websocket_client : public stream {
public:
  /// Called with each text message. It is gone afterwards.
  using on_text = std::function<void(std::string_view text)>;

  /// Begins the handshake; `token`, where given, goes into `Authorization`. `send_text` may be used
  /// at once: what is sent waits until the server has agreed.
  websocket_client(loop& at, const endpoint& to, const std::string& path, const std::string& token,
                   on_text handler);

  void send_text(std::string_view text);

  [[nodiscard]] bool open() const noexcept { return open_; }

  /// Appends a text frame as a client sends it.
  static void append_frame(std::string& out, std::string_view text);

private:
  std::size_t on_bytes(std::string_view bytes) override;
  std::size_t take_frame(std::string_view bytes);

  on_text handler_;
  std::string waiting_;
  bool open_ = false;
};

} // namespace spotter::bench
