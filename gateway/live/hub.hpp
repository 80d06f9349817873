#pragma once

#include "actors/messages/factor.hpp"
#include "actors/messages/live.hpp"
#include "domain/expected.hpp"
#include "gateway/bridge/bridge.hpp"
#include "gateway/live/connection.hpp"

#include <boost/asio/basic_waitable_timer.hpp>

#include <caf/message.hpp>

#include <memory>
#include <unordered_map>
#include <vector>

namespace spotter::gateway {

class worker;
using worker_timer = net::basic_waitable_timer<steady, net::wait_traits<steady>, io_executor>;

/// The subscribers of one topic of a user on one io thread, and the frames that go to all of them.
///
/// Events gather in a burst; a burst goes out in steps, so that many subscribers don't hold up the
/// thread's other connections, and the next gathers meanwhile. When events came during a large one,
/// the topic rests half as long as it took (2 ms at most): under load more events share a write, and
/// a single event never waits.
struct live_topic_table {
  struct subscriber {
    live_connection* connection;
    messages::position at; // the last event that it has, or was told of
    bool waiting = false;  // the session ended: nothing until it has been found again
  };
  /// Where the frame of an event ends in the burst's bytes.
  struct mark {
    messages::position at;
    std::size_t frames_end;
    std::size_t events_end;
  };

  /// Events with their bytes for each wire.
  struct burst {
    std::vector<mark> marks;
    std::shared_ptr<std::string> frames; // for WebSockets
    std::shared_ptr<std::string> events; // for event streams
  };

  live_topic topic;
  std::vector<subscriber> subscribers;
  std::uint32_t sockets = 0; // how many of them are WebSockets; the rest are event streams
  burst gathering;
  burst sending;
  std::size_t left = 0;          // subscribers before this one are still to get `sending`
  steady::time_point began;      // of `sending`
  steady::time_point rest_until; // before the next
};

/// A subscription that waits for its session's answer, for all who asked for the same.
struct live_join {
  struct waiter {
    live_connection::pointer connection;
    std::optional<std::int64_t> id;
  };
  live_topic topic;
  std::optional<messages::position> since;
  bool renewal = false; // of subscribers whose session ended, which stand at `since`
  int tries = 0;
  steady::time_point due = steady::time_point::max(); // of the next try, while none is running
  std::vector<waiter> waiters;                        // not used by a renewal
};

/// All that one io thread follows of one user's story, through one subscription to the session.
struct live_feed {
  domain::uuid user_id;
  caf::actor_addr session; // whose end is watched, should it come without a word
  std::vector<std::unique_ptr<live_topic_table>> topics;
  std::vector<std::unique_ptr<live_join>> joins;
};

/// A stream of what somebody else shares, or one that waits for leave to begin.
struct live_follow {
  std::uint64_t number = 0;
  live_connection::pointer who;
  live_topic topic;
  std::optional<std::int64_t> id;
  std::optional<messages::position> since;
  domain::uuid share_id;
  std::vector<std::string> scopes;
  std::optional<domain::instant> until;
  steady::time_point look_at = steady::time_point::max();
  bool joined = false; // it has leave
  bool asking = false;
};

/// The live part of one io thread: its sockets and streams, who follows what, and the fan-out.
///
/// A session sends its events once to this thread. They are serialised once per topic and wire;
/// what one burst of the inbox brings goes to each subscriber with one write. An answer to a
/// subscription and the events after it arrive in order, so a new subscriber misses nothing; by
/// their numbers it gets nothing twice.
class live_hub {
public:
  explicit live_hub(worker& at);
  ~live_hub();

  void adopt_websocket(transport stream, net::ip::address peer, const caller& who,
                       messages::device_info device, std::string early);
  void adopt_stream(transport stream, net::ip::address peer, const caller& who,
                    messages::device_info device, std::string_view topic,
                    std::string_view last_event_id);

  /// Takes a message that came to the companion; false when it is not for the hub.
  bool on_message(caf::message& content);

  /// Sends what has gathered, to sessions and to clients. Called after each burst and each read.
  void flush();

  /// Called about ten times a second.
  void tick(steady::time_point now);
  /// Called about once a second.
  void sweep(steady::time_point now);

  void drain();
  void abort();
  /// Closes the sockets of an ended login or key, or ends the streams of an ended share.
  void revoke(const domain::uuid& id);
  [[nodiscard]] bool empty() const noexcept { return connections_.empty(); }

  // For the connections:

  [[nodiscard]] worker& at() noexcept { return at_; }
  /// Adds a subscriber: answered to it with `subscribed`, or an error.
  void subscribe(live_connection& who, std::optional<std::int64_t> id, const live_topic& topic,
                 std::optional<messages::position> since);
  void unsubscribe(live_connection& who, const live_topic& topic);
  /// Sends a command to the session of `user` with the next flush: those of one read reach it
  /// together, and so become one unit of work.
  void ask_later(const domain::uuid& user, caf::message command, std::unique_ptr<ask_op> op);
  void ask_now();
  /// Has `who.flush` called with the next flush.
  void flush_later(live_connection& who);
  /// Has it closed (or dropped, without a code) as soon as nobody walks over the tables.
  void doom(live_connection& who, std::optional<close_code> code);
  /// Forgets what a connection that is closing follows.
  void leave(live_connection& who);
  /// Forgets a connection that is gone. It may be destroyed by this.
  void remove(live_connection& who, const net::ip::address& peer);

private:
  struct waiting_ask {
    domain::uuid user;
    caf::message command;
    std::unique_ptr<ask_op> op;
  };

  class join_op;
  class share_op;

  void end_doomed();
  void add(live_connection::pointer connection);

  // subscriptions.cpp
  live_feed& feed_of(const domain::uuid& user);
  live_topic_table& topic_of(live_feed& feed, const live_topic& topic);
  void join(live_connection& who, std::optional<std::int64_t> id, const live_topic& topic,
            std::optional<messages::position> since);
  void enter(live_feed& feed, live_topic_table& topic, live_connection& who, messages::position at);
  void exit(live_connection& who, std::size_t subscription);
  void leave_feed(live_connection& who, const domain::uuid& user);
  void tidy(const domain::uuid& user);
  void unsubscribe_session(const domain::uuid& user);

  // session_answers.cpp
  void ask(live_feed& feed, live_join& join);
  void on_joined(const domain::uuid& user, live_join* join, ask_result result);
  void welcome(live_feed& feed, live_join& join, const messages::subscribed& answer);
  void refuse(live_feed& feed, live_join& join, const messages::failure& why);
  void renew(live_feed& feed, live_join& join, const messages::subscribed& answer);
  void on_events(const messages::events_published& published);
  void on_session_ended(const domain::uuid& user);
  void on_down(const caf::actor_addr& session);
  void watch(live_feed& feed);

  // fan_out.cpp
  void append(live_topic_table& topic, const messages::event& what);
  /// Moves topics on; true when some have more to send at once.
  bool advance(std::size_t budget);
  void begin(live_topic_table& topic);
  void step(live_topic_table& topic, std::size_t& budget);
  void go_on_later();
  void rest();

  // following.cpp
  void follow(live_connection& who, std::optional<std::int64_t> id, const live_topic& topic,
              std::optional<messages::position> since);
  void ask_share(live_follow& follow);
  void on_share(std::uint64_t number,
                const domain::expected<messages::share_checked, messages::failure>& share);
  void cut(std::uint64_t number);
  void cut_share(const domain::uuid& share_id);
  void look_after_shares(steady::time_point now, domain::instant wall);
  void forget_follow(live_connection& who, const live_topic& topic);

  worker& at_;
  std::vector<live_connection::pointer> connections_;
  std::unordered_map<domain::uuid, std::unique_ptr<live_feed>> feeds_;
  std::vector<live_topic_table*> touched_; // topics that have something to send
  bool go_on_posted_ = false;
  std::unique_ptr<worker_timer> rest_timer_;
  steady::time_point rest_until_ = steady::time_point::max(); // what the timer is set to
  std::vector<waiting_ask> asks_;
  std::vector<live_connection::pointer> to_flush_;
  std::vector<std::pair<live_connection::pointer, std::optional<close_code>>> doomed_;
  std::vector<live_follow> follows_;
  std::uint64_t last_follow_ = 0;
  std::size_t renewals_due_ = 0; // joins that wait for their next try
  bool draining_ = false;
};

} // namespace spotter::gateway
