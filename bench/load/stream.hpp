#pragma once

#include "bench/load/loop.hpp"

#include <string>
#include <string_view>

namespace spotter::bench {

/// Where a connection goes, and from which address of this machine's own network it comes.
struct endpoint {
  std::uint16_t port = 0;
  unsigned source = 0; // 0: any; n: 127.0.0.(1+n), so that ports do not run out
};

/// A TCP connection to a server on this machine. Reads into a buffer that all connections share, so
/// that an idle one costs nothing here.
class stream : public pollable {
public:
  /// Connects, waiting for it, or throws std::system_error.
  stream(loop& at, const endpoint& to);
  ~stream() override;
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;

  /// Sends now what the kernel takes, the rest when it can.
  void write(std::string_view bytes);

  void on_ready(std::uint32_t events) final;

protected:
  /// New bytes have come; returns how many of them are used up. The rest comes again with more.
  virtual std::size_t on_bytes(std::string_view bytes) = 0;

private:
  void read();
  void flush();

  loop& loop_;
  int socket_;
  std::string unread_;
  std::string unsent_;
};

} // namespace spotter::bench
