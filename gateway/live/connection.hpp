#pragma once

#include "actors/messages/identity.hpp"
#include "gateway/close_codes.hpp"
#include "gateway/json/live_message.hpp"
#include "gateway/token.hpp"
#include "gateway/transport.hpp"
#include "gateway/websocket/frame.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include <memory>
#include <string>
#include <vector>

namespace spotter::gateway {

class live_hub;
struct live_feed;
struct live_topic_table;

/// Bytes that many connections send.
using shared_bytes = std::shared_ptr<const std::string>;

/// How a live connection speaks.
enum class live_wire : std::uint8_t { websocket = 1, event_stream };

/// A WebSocket or an event stream. Small while idle: no buffer, no timer; what it can't send at once
/// waits in a bounded queue. Belongs to one io thread.
///
/// States: open → closing (a close frame was sent; reads until the peer agrees or the sweep loses
/// patience) → gone. Only `live_hub` and Asio's pending waits keep it alive.
class live_connection
  : public boost::intrusive_ref_counter<live_connection, boost::thread_unsafe_counter>,
    private websocket::frame_handler {
public:
  using pointer = boost::intrusive_ptr<live_connection>;

  live_connection(live_hub& hub, live_wire wire, transport stream, net::ip::address peer,
                  caller who, messages::device_info device, steady::time_point now);
  ~live_connection() override;

  /// Begins to read; `early` came together with the upgrade.
  void start(std::string early);

  [[nodiscard]] live_wire wire() const noexcept { return wire_; }
  [[nodiscard]] const caller& who() const noexcept { return who_; }
  /// Where the request came from that opened it, with its ids.
  [[nodiscard]] const messages::device_info& device() const noexcept { return *device_; }
  [[nodiscard]] bool authenticated() const noexcept { return !who_.user_id.is_nil(); }
  [[nodiscard]] bool is_open() const noexcept { return state_ == state::open; }
  [[nodiscard]] bool is_gone() const noexcept { return state_ == state::gone; }
  /// What it says counts no more: the hub ends it with its next flush.
  void condemn() noexcept { condemned_ = true; }

  /// Queues one message of ours (JSON); it goes out with the hub's next flush.
  void send_message(std::string_view json);

  /// Sends what `send_message` has queued.
  void flush();

  /// Sends whole frames (or events of a stream) from `begin` on, after what is queued already.
  void send(const shared_bytes& bytes, std::size_t begin);

  /// Ends the connection with a close frame; a stream just ends.
  void close(close_code code);

  /// Ends the connection without a word.
  void drop();

  /// Heartbeats and time-outs.
  void sweep(steady::time_point now, domain::instant wall);

  /// Tells that the server is stopping and ends soon after.
  void drain(std::int64_t reconnect_after_ms, steady::time_point now);

  /// One topic that it follows; kept up to date by the hub.
  struct subscription {
    live_feed* feed;
    live_topic_table* topic;
    std::uint32_t index; // in the topic's subscribers
  };
  std::vector<subscription> subscriptions;
  std::uint32_t joining = 0;     // subscriptions that wait for their session's answer
  std::uint32_t in_flight = 0;   // commands that wait for their answer
  std::uint32_t table_index = 0; // in the hub's table
  bool flush_queued = false;     // in the hub's list

private:
  enum class state : std::uint8_t { open, closing, gone };

  struct segment {
    shared_bytes bytes;
    std::size_t begin; // where its first whole frame begins
    std::size_t at;    // what is sent already
  };
  /// What the kernel would not take yet.
  struct outbox {
    std::vector<segment> segments;
    std::size_t bytes = 0;
    bool waiting = false;
  };

  bool on_text(std::string& text) override;
  bool on_control(websocket::opcode kind, std::string_view payload) override;

  void wait_readable();
  void read_on_later();
  void on_readable();
  bool take(char* data, std::size_t size);
  void enqueue(const shared_bytes& bytes, std::size_t begin, std::size_t at);
  void wait_writable(io_state what);
  void on_writable();
  void give_up_queue();
  void begin_closing();

  live_hub& hub_;
  transport stream_;
  net::ip::address peer_;
  caller who_;
  std::unique_ptr<const messages::device_info> device_; // apart: it is read rarely
  websocket::frame_parser parser_;
  std::unique_ptr<std::string> pending_;
  std::unique_ptr<outbox> outbox_;
  steady::time_point opened_;
  steady::time_point next_ping_;
  steady::time_point give_up_ = steady::time_point::max(); // while closing or draining
  state state_ = state::open;
  live_wire wire_;
  std::uint8_t missed_ = 0;
  std::uint8_t bad_messages_ = 0;
  std::uint8_t failed_renewals_ = 0; // since the last that did not fail
  bool condemned_ = false;

  friend class live_commands;
};

} // namespace spotter::gateway
