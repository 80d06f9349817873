#pragma once

#include "links/credit.hpp"
#include "links/frame.hpp"
#include "links/links.hpp"
#include "links/metrics.hpp"
#include "links/net.hpp"
#include "links/outbox.hpp"
#include "links/tls.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>

namespace spotter::links {

class connection;

/// What all connections of a node share.
struct connection_shared {
  const link_settings& settings;
  const link_metrics& metrics;
  loop_ptr loop;
  std::array<std::byte, 64 * 1024> scratch; // free between two steps of any connection
};

/// Whom a connection reports to. Everything happens on the io thread. A connection may be closed
/// inside each of these.
class connection_owner {
public:
  virtual ~connection_owner() = default;

  /// A stranger has said hello, and its certificate has the name. What to answer.
  virtual answer judge(const hello& who) = 0;
  /// Both sides have accepted each other.
  virtual void ready(connection& what) = 0;
  /// A message came. `size` are its bytes, for which credit is to be returned.
  virtual void received(connection& what, messages::peer_frame frame, std::size_t size) = 0;
  /// An answer to a ping came.
  virtual void measured(connection& what, std::chrono::nanoseconds round_trip) = 0;
  /// It has ended by itself: nothing is reported after it. `why` is `none` once it was ready.
  virtual void broke(connection& what, refusal why, const std::string& words) = 0;
};

/// One TCP connection with TLS between two nodes: handshake, hello, then messages from the one that
/// dialled, credit back to it, and pings both ways. Belongs to the io thread.
class connection : public std::enable_shared_from_this<connection> {
public:
  /// The side that dialled: `to` is whom it wants. A null `ssl` breaks at the start.
  connection(connection_owner& owner, connection_shared& shared, tcp_socket socket, ssl_ptr ssl,
             messages::peer_address to);
  /// The side that accepted.
  connection(connection_owner& owner, connection_shared& shared, tcp_socket socket, ssl_ptr ssl);

  /// Begins; to be called once.
  void start();

  /// Ends it without a report.
  void close() noexcept;

  /// From now on it reports to `owner`.
  void hand_to(connection_owner& owner) noexcept { owner_ = &owner; }

  /// Ends it with a report, as if it had broken.
  void give_up(refusal why, const std::string& words) { fail(why, words); }

  /// From now on what comes into `box` is sent. Only once, when ready, on the side that dialled.
  void send_from(std::shared_ptr<outbox> box);

  /// The box has something.
  void flush() { step(); }

  /// What a message of `size` bytes holds until it is processed.
  [[nodiscard]] std::shared_ptr<void> lend(std::size_t size) { return credit_->lend(size); }

  [[nodiscard]] bool dialled() const noexcept { return dialled_; }
  [[nodiscard]] bool live() const noexcept { return phase_ == phase::live; }
  /// Who the other side is; valid once ready.
  [[nodiscard]] const domain::uuid& peer() const noexcept { return peer_.incarnation; }
  [[nodiscard]] const std::string& peer_node_id() const noexcept { return peer_.node_id; }
  [[nodiscard]] const std::string& peer_release() const noexcept { return release_; }
  [[nodiscard]] std::uint16_t protocol() const noexcept { return protocol_; }
  /// Host and port of the other side, for people.
  [[nodiscard]] const std::string& remote() const noexcept { return remote_; }

private:
  enum class phase : std::uint8_t { tls, hello, answered, live, closed };

  void step();
  bool shake_hands();
  void read();
  void write();
  void wait(tcp_socket::wait_type what);
  void later();
  void arm();
  void on_time();
  void fail(refusal why, const std::string& words);

  bool may_come(frame_kind kind, std::size_t size);
  bool take(frame_kind kind, std::span<const std::byte> payload);
  bool take_hello(std::span<const std::byte> payload);
  bool take_answer(std::span<const std::byte> payload);
  bool take_message(std::span<const std::byte> payload);
  bool refuse(refusal why, std::string words);
  void become_live();
  void grant();
  bool next_run();

  connection_owner* owner_;
  connection_shared& shared_;
  tcp_socket socket_;
  ssl_ptr ssl_;
  timer timer_;
  const bool dialled_;
  phase phase_ = phase::tls;
  messages::peer_address peer_;
  std::string release_;
  std::string remote_;
  std::uint16_t protocol_ = 0;
  bool waiting_read_ = false;
  bool waiting_write_ = false;
  bool stepping_later_ = false;
  steady::time_point deadline_;   // until live
  steady::time_point last_heard_; // a byte
  steady::time_point next_ping_;
  std::uint64_t last_ping_ = 0;

  frame_cutter cutter_;
  refusal refused_ = refusal::malformed; // why the cutter was stopped
  std::string refused_words_;

  // What is being written: control frames, or some of the taken messages.
  bytes control_;     // waits
  bytes control_run_; // is under way
  std::shared_ptr<outbox> box_;
  bytes taken_; // of the box
  std::vector<std::size_t> taken_sizes_;
  std::size_t next_size_ = 0; // of taken_sizes_, not in a run yet
  std::size_t run_begin_ = 0; // in taken_
  std::size_t run_left_ = 0;  // bytes; of control_run_ or of taken_
  bool run_is_control_ = false;
  std::int64_t may_send_ = 0; // credit left
  std::uint64_t peer_window_ = 0;

  std::shared_ptr<credit_account> credit_; // of the side that accepted
  std::int64_t peer_may_send_ = 0;
};

} // namespace spotter::links
