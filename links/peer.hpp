#pragma once

#include "links/connection.hpp"
#include "links/dialler.hpp"
#include "links/routes.hpp"

#include <map>
#include <random>

namespace spotter::links {

/// How the peers stand, for threads other than the io thread.
struct status_board {
  std::mutex mutex;
  std::map<domain::uuid, peer_status> peers;
};

/// What all peers of a node share.
struct peer_shared {
  connection_shared& connections;
  SSL_CTX* tls;
  route_table& routes;
  status_board& board;
  caf::actor receiver;
  std::function<void()> idle;                      // a peer has become idle
  std::minstd_rand random{std::random_device{}()}; // for jitter
};

/// One incarnation of another node: the connection that we dial, the one that it dials, and whether
/// both stand. Belongs to the io thread.
///
/// It is up while both are live. When either breaks it is down and both are closed, so that no
/// message of a former connection can come after that. While it is not up, each comes and goes by
/// itself.
class peer : public connection_owner, public std::enable_shared_from_this<peer> {
public:
  peer(peer_shared& shared, const domain::uuid& incarnation);
  ~peer() override;

  /// Dials it from now on.
  void want(const messages::peer_address& where);
  /// Breaks both connections, and dials no more.
  void forget();
  [[nodiscard]] bool wanted() const noexcept { return wanted_; }
  /// True if nothing is lost without it.
  [[nodiscard]] bool idle() const noexcept { return !wanted_ && !inbound_; }

  /// Takes a connection that the peer has dialled, in the place of any other.
  void adopt(const std::shared_ptr<connection>& inbound);

  /// Closes everything without a word.
  void close();

  answer judge(const hello& who) override;
  void ready(connection& what) override;
  void received(connection& what, messages::peer_frame frame, std::size_t size) override;
  void measured(connection& what, std::chrono::nanoseconds round_trip) override;
  void broke(connection& what, refusal why, const std::string& words) override;

private:
  void dial();
  void dial_later();
  void connected(std::optional<tcp_socket> socket, const std::string& why);
  void check_up();
  void go_down(const std::string& why);
  void note(const std::string& why);
  void write_status();

  peer_shared& shared_;
  const domain::uuid incarnation_;
  messages::peer_address where_;
  bool wanted_ = false;
  bool up_ = false;
  dialler dialler_;
  timer retry_;
  int tries_ = 0; // since it was up
  std::shared_ptr<connection> outbound_;
  std::shared_ptr<connection> inbound_;
  std::shared_ptr<outbox> box_;
  peer_status status_;
};

} // namespace spotter::links
