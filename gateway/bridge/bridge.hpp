#pragma once

#include "gateway/net.hpp"

#include <caf/actor.hpp>
#include <caf/actor_addr.hpp>
#include <caf/actor_system.hpp>
#include <caf/execution_unit.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

// The only bridge between Asio and CAF. One per io thread: a companion actor whose mailbox is an
// inbox of ours, drained on the io thread, once per burst.

namespace spotter::gateway {

/// How an ask ended.
enum class ask_end : std::uint8_t {
  answered = 1, // `reply` holds the answer
  not_taken,    // the actor had ended: it never saw the request, sending it again is safe
  lost,         // the actor took the request and ended, or refused the message
  deadline,     // no answer in time; it may still be carried out
  overloaded,   // too many asks are pending on this thread; nothing was sent
};

struct ask_result {
  ask_end end = ask_end::lost;
  caf::message reply;
};

/// Who waits for an answer.
class ask_op {
public:
  virtual ~ask_op() = default;

  /// Called once, on the io thread, never from inside `ask`. Owns itself from then on.
  virtual void done(std::unique_ptr<ask_op> self, ask_result result) = 0;
};

class bridge {
public:
  /// Takes a message that is not an answer.
  using message_handler = std::function<void(caf::message& content)>;
  /// Called after each burst of messages.
  using burst_handler = std::function<void()>;

  bridge(caf::actor_system& system, net::io_context& io, std::size_t most_pending);
  ~bridge();
  bridge(const bridge&) = delete;
  bridge& operator=(const bridge&) = delete;

  /// To be set before the first message can come.
  void handle(message_handler on_message, burst_handler on_burst);

  /// The actor that others know this thread by.
  [[nodiscard]] const caf::actor& companion() const noexcept { return companion_; }

  /// Sends a request. Io thread only.
  void ask(const caf::strong_actor_ptr& to, caf::message content, std::chrono::milliseconds timeout,
           std::unique_ptr<ask_op> op);

  /// The same for coroutines.
  [[nodiscard]] awaitable<ask_result> ask(caf::strong_actor_ptr to, caf::message content,
                                          std::chrono::milliseconds timeout);

  /// While one lives, whoever is asked is not woken: all that is for one actor reaches it together. Io
  /// thread only, for a moment.
  class together {
  public:
    explicit together(bridge& via) : via_(via) { via_.holds_back_ = true; }
    ~together() { via_.wake_all(); }
    together(const together&) = delete;
    together& operator=(const together&) = delete;

  private:
    bridge& via_;
  };

  /// Sends a message to which nobody waits for an answer. Io thread only.
  void tell(const caf::strong_actor_ptr& to, caf::message content);

  /// Has a `caf::down_msg` sent to the companion when the actor ends, or ended already.
  void monitor(const caf::strong_actor_ptr& whom);
  void demonitor(const caf::actor_addr& whom);

  /// Gives up asks whose time is over; called every 100 ms or so.
  void sweep(steady::time_point now);

  [[nodiscard]] std::size_t pending() const noexcept { return used_; }

  /// Ends the companion and everything pending. Io thread only, or after it has ended.
  void close();

private:
  struct slot {
    std::unique_ptr<ask_op> op;
    steady::time_point deadline;
    std::uint32_t generation = 0;
  };

  /// Takes note of actors that are to be run.
  class sleepers final : public caf::execution_unit {
  public:
    explicit sleepers(caf::actor_system& system) : caf::execution_unit(&system) {}
    void exec_later(caf::resumable* who) override { all.push_back(who); }
    std::vector<caf::resumable*> all;
  };

  void wake_all();
  void receive(caf::mailbox_element_ptr element); // any thread
  void drain();
  void on_answer(std::uint64_t id, caf::message& content);
  std::unique_ptr<ask_op> release(std::size_t index);

  net::io_context& io_;
  std::size_t most_pending_;
  caf::actor companion_;
  sleepers sleepers_;
  bool holds_back_ = false;
  message_handler on_message_;
  burst_handler on_burst_;

  std::vector<slot> slots_;
  std::vector<std::uint32_t> free_;
  std::size_t used_ = 0;

  std::mutex inbox_mutex_;
  std::vector<caf::mailbox_element_ptr> inbox_;
  bool drain_posted_ = false;
};

} // namespace spotter::gateway
