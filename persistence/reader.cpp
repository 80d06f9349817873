#include "persistence/reader.hpp"

#include "actors/messages/failure_error.hpp"
#include "persistence/reader_worker.hpp"

#include <spdlog/spdlog.h>

#include <caf/telemetry/counter.hpp>
#include <caf/telemetry/gauge.hpp>
#include <caf/telemetry/metric_registry.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <type_traits>
#include <vector>

namespace spotter::persistence {

using namespace messages;

namespace {

using clock = std::chrono::steady_clock;

/// Which kinds of answer can hold a failure themselves.
template <class Reply>
void refuse(caf::typed_response_promise<Reply>& promise, failure why) {
  if (!promise.pending())
    return;
  if constexpr (std::is_same_v<Reply, read_reply>)
    promise.deliver(read_reply{std::move(why)});
  else if constexpr (std::is_same_v<Reply, health>)
    promise.deliver(health{"reader", false, std::move(why.detail)});
  else
    promise.deliver(to_error(std::move(why)));
}

class reader_front {
public:
  static inline const char* name = "spotter.reader";

  reader_front(reader_actor::pointer self, reader_settings settings)
    : self_(self), settings_(std::move(settings)),
      queued_(self->system().metrics().gauge_singleton("spotter.reader", "queued",
                                                       "Reads that wait for a connection.")),
      refused_(self->system().metrics().counter_singleton(
        "spotter.reader", "refused", "Reads refused because the queue was full.", "1", true)),
      expired_(self->system().metrics().counter_singleton(
        "spotter.reader", "expired", "Reads that did not end within their deadline.", "1", true)) {
    settings_.readers = std::max<std::size_t>(settings_.readers, 1);
  }

  ~reader_front() {
    queued_->dec(static_cast<std::int64_t>(backlog_.size()));
    for (const auto& slot : slots_)
      caf::anon_send_exit(slot.worker, caf::exit_reason::user_shutdown);
  }

  reader_front(const reader_front&) = delete;
  reader_front& operator=(const reader_front&) = delete;

  reader_actor::behavior_type make_behavior() {
    for (std::size_t i = 0; i < settings_.readers; ++i)
      slots_.push_back({spawn_worker(), {}, {}});
    self_->set_down_handler([this](const caf::down_msg& down) { replace(down); });
    return {
      [this](read& q) { return take<read_reply>(q); },
      [this](load_session& q) { return take<session_image>(q); },
      [this](load_workout& q) { return take<workout_image>(q); },
      [this](load_exercise& q) { return take<exercise_image>(q); },
      [this](load_events& q) { return take<event_range>(q); },
      [this](load_epoch& q) { return take<event_epoch>(q); },
      [this](load_sources& q) { return take<source_matches>(q); },
      [this](load_answer& q) { return take<answer_image>(q); },
      [this](load_import& q) { return take<import_image>(q); },
      [this](load_exercise_history& q) { return take<exercise_history>(q); },
      [this](load_exercise_names& q) { return take<exercise_names>(q); },
      [this](load_import_file& q) { return take<import_file>(q); },
      [this](get_health& q) { return take<health>(q); },
    };
  }

private:
  /// One read, of whatever kind.
  struct work {
    std::function<void(std::size_t slot)> start;
    std::function<void(failure)> refuse;
    clock::time_point deadline;
  };

  struct slot {
    reader_actor worker;
    std::function<void(failure)> refuse; // of the read in its hands; empty while idle
    clock::time_point deadline;          // max once the caller was told
  };

  reader_actor spawn_worker() {
    return self_->spawn<reader_actor::stateful_impl<reader_worker>, caf::detached + caf::monitored>(
      settings_);
  }

  template <class Reply, class Query>
  caf::result<Reply> take(Query& query) {
    auto promise = self_->make_response_promise<Reply>();
    if (idle() == slots_.size() && backlog_.size() >= settings_.backlog) {
      refused_->inc();
      refuse(promise, {failure_code::overloaded, "too many reads wait; try again", {}, 1000});
      return promise;
    }
    work w;
    w.start = [this, promise, query = std::move(query)](std::size_t i) mutable {
      start(i, std::move(promise), std::move(query));
    };
    w.refuse = [promise](failure why) mutable { persistence::refuse(promise, std::move(why)); };
    w.deadline = clock::now() + settings_.deadline;
    backlog_.push_back(std::move(w));
    queued_->inc();
    dispatch();
    watch();
    return promise;
  }

  [[nodiscard]] std::size_t idle() const {
    std::size_t i = 0;
    while (i < slots_.size() && slots_[i].refuse)
      ++i;
    return i;
  }

  void dispatch() {
    for (auto i = idle(); i < slots_.size() && !backlog_.empty(); i = idle()) {
      auto next = std::move(backlog_.front());
      backlog_.pop_front();
      queued_->dec();
      slots_[i].refuse = std::move(next.refuse);
      slots_[i].deadline = next.deadline;
      next.start(i);
    }
  }

  // No time-out on the request: the worker stays taken until its query ends, even if the caller
  // was told long ago that it takes too long.
  template <class Reply, class Query>
  void start(std::size_t i, caf::typed_response_promise<Reply> promise, Query query) {
    self_->request(slots_[i].worker, caf::infinite, std::move(query))
      .then(
        [this, i, promise](Reply& reply) mutable {
          if (promise.pending())
            promise.deliver(std::move(reply));
          finished(i);
        },
        [this, i, promise, worker = slots_[i].worker](caf::error& why) mutable {
          // A worker that died is replaced when its end is told, and then takes work again.
          const bool alive = why == caf::sec::runtime_error;
          persistence::refuse(promise, to_failure(why));
          if (alive && slots_[i].worker == worker)
            finished(i);
        });
  }

  void finished(std::size_t i) {
    slots_[i].refuse = nullptr;
    dispatch();
  }

  void replace(const caf::down_msg& down) {
    for (auto& s : slots_)
      if (s.worker == down.source) {
        spdlog::error("a reader died: {}", to_string(down.reason));
        if (s.refuse)
          s.refuse({failure_code::unavailable, "a reader died; try again", {}, 250});
        s = {spawn_worker(), {}, {}};
      }
    dispatch();
  }

  /// Looks after the deadlines for as long as there is work.
  void watch() {
    if (watching_)
      return;
    watching_ = true;
    self_->run_delayed(std::clamp(settings_.deadline / 8, std::chrono::milliseconds{5},
                                  std::chrono::milliseconds{250}),
                       [this] { expire(); });
  }

  void expire() {
    watching_ = false;
    const auto now = clock::now();
    const failure why{failure_code::deadline_exceeded,
                      "the read did not end within its deadline; try again",
                      {},
                      0};
    for (auto& s : slots_)
      if (s.refuse && s.deadline <= now) {
        s.refuse(why);
        s.deadline = clock::time_point::max();
        expired_->inc();
      }
    // All have the same time to live, so the oldest stand first.
    while (!backlog_.empty() && backlog_.front().deadline <= now) {
      backlog_.front().refuse(why);
      backlog_.pop_front();
      queued_->dec();
      expired_->inc();
    }
    const bool busy = std::any_of(slots_.begin(), slots_.end(),
                                  [](const slot& s) { return static_cast<bool>(s.refuse); });
    if (busy || !backlog_.empty())
      watch();
  }

  reader_actor::pointer self_;
  reader_settings settings_;
  std::vector<slot> slots_;
  std::deque<work> backlog_;
  bool watching_ = false;
  caf::telemetry::int_gauge* queued_;
  caf::telemetry::int_counter* refused_;
  caf::telemetry::int_counter* expired_;
};

} // namespace

reader_actor spawn_reader(caf::actor_system& system, reader_settings settings) {
  return system.spawn<reader_actor::stateful_impl<reader_front>>(std::move(settings));
}

} // namespace spotter::persistence
