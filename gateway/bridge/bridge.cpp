#include "gateway/bridge/bridge.hpp"

#include "gateway/bridge/await_ask.hpp"

#include <boost/asio/post.hpp>

#include <caf/actor_cast.hpp>
#include <caf/actor_companion.hpp>
#include <caf/error.hpp>
#include <caf/exit_reason.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <caf/sec.hpp>

namespace spotter::gateway {

namespace {

// A request id is the slot's index (from 1) and its generation: an answer that comes after its
// deadline finds another generation and is dropped.
constexpr unsigned index_bits = 24; // with 32 of the generation within CAF's 60
constexpr std::uint64_t index_mask = (std::uint64_t{1} << index_bits) - 1;

caf::actor_companion* self_of(const caf::actor& handle) {
  return caf::actor_cast<caf::actor_companion*>(handle);
}

} // namespace

bridge::bridge(caf::actor_system& system, net::io_context& io, std::size_t most_pending)
  : io_(io), most_pending_(std::min(most_pending, static_cast<std::size_t>(index_mask))),
    companion_(system.spawn<caf::actor_companion>()), sleepers_(system) {}

bridge::~bridge() {
  close();
}

void bridge::handle(message_handler on_message, burst_handler on_burst) {
  on_message_ = std::move(on_message);
  on_burst_ = std::move(on_burst);
  self_of(companion_)->on_enqueue([this](caf::mailbox_element_ptr element) {
    receive(std::move(element));
  });
}

void bridge::ask(const caf::strong_actor_ptr& to, caf::message content,
                 std::chrono::milliseconds timeout, std::unique_ptr<ask_op> op) {
  const auto refuse = [this, &op](ask_end why) {
    net::post(io_, [op = std::move(op), why]() mutable {
      auto* waiting = op.get();
      waiting->done(std::move(op), ask_result{why, {}});
    });
  };
  if (used_ >= most_pending_ || !companion_) {
    refuse(ask_end::overloaded);
    return;
  }
  if (!to) {
    refuse(ask_end::not_taken);
    return;
  }
  std::size_t index = 0;
  if (!free_.empty()) {
    index = free_.back();
    free_.pop_back();
  } else {
    index = slots_.size();
    slots_.emplace_back();
  }
  ++used_;
  auto& s = slots_[index];
  s.op = std::move(op);
  s.deadline = steady::now() + timeout;
  const auto raw = (std::uint64_t{s.generation} << index_bits) | (index + 1);
  auto element = caf::make_mailbox_element(caf::actor_cast<caf::strong_actor_ptr>(companion_),
                                           caf::make_message_id(raw), {}, std::move(content));
  if (!to->enqueue(std::move(element), holds_back_ ? &sleepers_ : nullptr)) {
    // The bounce that CAF sends as well finds the slot in another generation.
    op = release(index);
    refuse(ask_end::not_taken);
  }
}

void bridge::wake_all() {
  holds_back_ = false;
  for (auto* who : sleepers_.all)
    sleepers_.system().scheduler().enqueue(who);
  sleepers_.all.clear();
}

awaitable<ask_result> bridge::ask(caf::strong_actor_ptr to, caf::message content,
                                  std::chrono::milliseconds timeout) {
  return await_ask([this, to = std::move(to), content = std::move(content),
                    timeout](std::unique_ptr<ask_op> op) mutable {
    ask(to, std::move(content), timeout, std::move(op));
  });
}

void bridge::tell(const caf::strong_actor_ptr& to, caf::message content) {
  if (to && companion_)
    to->enqueue(caf::make_mailbox_element(caf::actor_cast<caf::strong_actor_ptr>(companion_),
                                          caf::make_message_id(), {}, std::move(content)),
                nullptr);
}

void bridge::monitor(const caf::strong_actor_ptr& whom) {
  if (whom && companion_)
    self_of(companion_)->monitor(whom);
}

void bridge::demonitor(const caf::actor_addr& whom) {
  if (whom && companion_)
    self_of(companion_)->demonitor(whom);
}

void bridge::sweep(steady::time_point now) {
  for (std::size_t i = 0; i < slots_.size(); ++i)
    if (slots_[i].op && slots_[i].deadline <= now) {
      auto op = release(i);
      auto* waiting = op.get();
      waiting->done(std::move(op), ask_result{ask_end::deadline, {}});
    }
}

void bridge::close() {
  if (!companion_)
    return;
  // From here on no sender is inside `receive`: the companion's lock sees to it.
  auto* self = self_of(companion_);
  self->on_exit(); // the companion's own, under its lock: it forgets `receive`
  self->cleanup(caf::exit_reason::user_shutdown, nullptr);
  companion_ = nullptr;
  {
    const std::lock_guard guard{inbox_mutex_};
    inbox_.clear();
  }
  for (std::size_t i = 0; i < slots_.size(); ++i)
    if (slots_[i].op) {
      auto op = release(i);
      auto* waiting = op.get();
      waiting->done(std::move(op), ask_result{ask_end::lost, {}});
    }
}

void bridge::receive(caf::mailbox_element_ptr element) {
  bool first = false;
  {
    const std::lock_guard guard{inbox_mutex_};
    inbox_.push_back(std::move(element));
    first = !drain_posted_;
    drain_posted_ = true;
  }
  if (first)
    net::post(io_, [this] { drain(); });
}

void bridge::drain() {
  std::vector<caf::mailbox_element_ptr> burst;
  {
    const std::lock_guard guard{inbox_mutex_};
    burst.swap(inbox_);
    drain_posted_ = false;
  }
  for (auto& element : burst) {
    if (!companion_)
      return;
    if (element->mid.is_response())
      on_answer(element->mid.request_id().integer_value(), element->payload);
    else
      on_message_(element->payload);
    element.reset();
  }
  on_burst_();
}

void bridge::on_answer(std::uint64_t id, caf::message& content) {
  const auto index = (id & index_mask) - 1;
  if (index >= slots_.size() || !slots_[index].op || slots_[index].generation != (id >> index_bits))
    return;
  auto op = release(index);
  ask_result result;
  if (content.match_elements<caf::error>()) {
    const auto& why = content.get_as<caf::error>(0);
    // A bounce out of the mailbox of an actor that has ended: the request was never looked at.
    result.end = why == caf::sec::request_receiver_down ? ask_end::not_taken : ask_end::lost;
  } else {
    result.end = ask_end::answered;
  }
  result.reply = std::move(content);
  auto* waiting = op.get();
  waiting->done(std::move(op), std::move(result));
}

std::unique_ptr<ask_op> bridge::release(std::size_t index) {
  auto& s = slots_[index];
  ++s.generation;
  --used_;
  free_.push_back(static_cast<std::uint32_t>(index));
  return std::move(s.op);
}

} // namespace spotter::gateway
