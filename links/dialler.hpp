#pragma once

#include "links/net.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spotter::links {

/// A place to connect to or listen on.
struct host_port {
  std::string host; // a name, or an address without brackets
  std::string port; // 0 to 65535
};

/// Reads "name:7400", "127.0.0.1:7400" or "[::1]:7400".
[[nodiscard]] std::optional<host_port> parse_host_port(std::string_view text);

/// Looks a name up, waiting for the answer; an error in words if there is none.
struct lookup_result {
  std::vector<net::ip::tcp::endpoint> ends;
  std::string error;
};
[[nodiscard]] lookup_result look_up(const host_port& place);

/// Connects to one peer, again and again: each time the name is looked up anew, and each of its
/// addresses gets its turn. A lookup that hangs has a thread of its own and so delays nobody else.
/// Belongs to the io thread.
class dialler {
public:
  /// Takes the connected socket, or why there is none.
  using done = std::function<void(std::optional<tcp_socket>, const std::string& why)>;

  explicit dialler(loop_ptr loop) : loop_(std::move(loop)) {}
  ~dialler() { cancel(); }
  dialler(const dialler&) = delete;
  dialler& operator=(const dialler&) = delete;

  /// Begins; a dial under way is cancelled. `then` is called later, within `limit`.
  void dial(const std::string& address, std::chrono::milliseconds limit, done then);

  /// Forgets a dial under way: its `then` is not called any more.
  void cancel() noexcept;

  [[nodiscard]] bool dialling() const noexcept { return current_ != nullptr; }

private:
  struct attempt;
  struct lookup;

  loop_ptr loop_;
  std::shared_ptr<attempt> current_;
  std::shared_ptr<lookup> lookup_; // may outlive its attempt
  std::size_t turn_ = 0;           // the address to begin with
};

} // namespace spotter::links
