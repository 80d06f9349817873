#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace spotter::test {

/// A port where connects get no answer: its queue is full.
class black_hole {
public:
  black_hole();
  ~black_hole();
  black_hole(const black_hole&) = delete;
  black_hole& operator=(const black_hole&) = delete;
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::uint16_t port() const { return port_; }

private:
  std::vector<int> sockets_;
  std::uint16_t port_ = 0;
};

/// A port where connects succeed and then nothing happens.
class silent_port {
public:
  silent_port();
  ~silent_port();
  silent_port(const silent_port&) = delete;
  silent_port& operator=(const silent_port&) = delete;
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

private:
  std::uint16_t port_ = 0;
  int socket_;
};

/// A cable to a port that can be cut: then bytes are lost without a word, but no connection ends.
class cable {
public:
  explicit cable(std::uint16_t to);
  ~cable();
  [[nodiscard]] std::string address() const;
  /// What travels from now on is lost; new connections are accepted and silent.
  void cut();
  /// New connections work again.
  void mend();

private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

} // namespace spotter::test
