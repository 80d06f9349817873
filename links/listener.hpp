#pragma once

#include "links/connection.hpp"

#include <functional>
#include <list>

namespace spotter::links {

/// Accepts connections and keeps them until they have said who they are: few, and not for long.
/// Belongs to the io thread.
class listener : public connection_owner {
public:
  using judge_of = std::function<answer(const hello& who)>;
  using taker = std::function<void(const std::shared_ptr<connection>& known)>;

  /// Binds and listens; throws std::runtime_error when it can't. `take` gets those that are through.
  listener(connection_shared& shared, SSL_CTX* tls, judge_of judge, taker take);

  void start() { accept(); }

  /// Closes everything.
  void close();

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  answer judge(const hello& who) override { return judge_(who); }
  void ready(connection& what) override;
  void received(connection& what, messages::peer_frame frame, std::size_t size) override;
  void measured(connection&, std::chrono::nanoseconds) override {}
  void broke(connection& what, refusal why, const std::string& words) override;

private:
  void accept();
  void pause();
  void welcome(tcp_socket socket);

  connection_shared& shared_;
  SSL_CTX* tls_;
  judge_of judge_;
  taker take_;
  tcp_acceptor acceptor_;
  timer pause_;
  std::uint16_t port_ = 0;
  std::list<std::shared_ptr<connection>> strangers_; // oldest first
  steady::time_point logged_since_;
  int logged_ = 0;
};

} // namespace spotter::links
