#include "persistence/redis/redis_store.hpp"

#include "persistence/redis/redis_commands.hpp"

#include <caf/telemetry/counter.hpp>
#include <caf/telemetry/histogram.hpp>
#include <caf/telemetry/metric_registry.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <deque>
#include <functional>
#include <optional>

namespace spotter::persistence {

namespace {

using namespace messages;
using clock = std::chrono::steady_clock;

constexpr std::size_t small_answer = 4 * 1024;

caf::error away() {
  return caf::make_error(caf::sec::connection_closed, "redis");
}

class redis_store {
public:
  static inline const char* name = "spotter.redis_store";

  using actor = shared_state_actor::extend<caf::result<void>(caf::flush_atom)>;

  redis_store(actor::pointer self, redis_settings settings);

  actor::behavior_type make_behavior();

private:
  /// A request: how it is said to Redis, and what is done with the answers. They are the first
  /// `size` of the span; none at all when it failed.
  struct request {
    std::function<void(const redis_scripts&, std::vector<redis_command>&)> say;
    std::function<void(std::span<redis_reply>)> done;
    std::size_t size = 1;
    clock::time_point since = clock::now();
  };

  template <class Reply, class Say, class Read>
  caf::result<Reply> ask(std::size_t size, Say say, Read read);
  void tell(std::function<void(const redis_scripts&, std::vector<redis_command>&)> say);
  void enqueue(request what);
  void flush();
  void run(std::vector<request>& batch);
  [[nodiscard]] bool connected();
  void disconnect(const char* why);
  std::vector<redis_reply> send(const std::vector<request>& batch);

  actor::pointer self_;
  redis_settings settings_;
  redis_commands words_;
  std::optional<redis_link> link_;
  redis_scripts scripts_;
  clock::time_point next_attempt_{};
  std::deque<request> queue_;
  bool awake_ = false; // a flush is on its way
  caf::telemetry::int_counter* connections_;
  caf::telemetry::int_counter* failures_;
  caf::telemetry::dbl_histogram* seconds_;
  caf::telemetry::int_histogram* batches_;
};

redis_store::redis_store(actor::pointer self, redis_settings settings)
  : self_(self), settings_(std::move(settings)), words_(settings_.cluster) {
  auto& registry = self_->home_system().metrics();
  connections_ =
    registry.counter_singleton("spotter.redis", "connections", "Connections made.", "1", true);
  failures_ = registry.counter_singleton("spotter.redis", "failures",
                                         "Round trips and connections that failed.", "1", true);
  const double seconds[] = {.0001, .0002, .0005, .001, .002, .005, .01, .02, .05, .1};
  seconds_ = registry.histogram_singleton<double>("spotter.redis", "round-trip", seconds,
                                                  "Time of one round trip.", "seconds");
  const std::int64_t sizes[] = {1, 2, 4, 8, 16, 32, 64, 128, 256};
  batches_ = registry.histogram_singleton<std::int64_t>("spotter.redis", "batch-size", sizes,
                                                        "Requests of one round trip.");
}

redis_store::actor::behavior_type redis_store::make_behavior() {
  return {
    [this](take_tokens& what) {
      return ask<tokens_taken>(
        1,
        [this, what](const redis_scripts& by, std::vector<redis_command>& out) {
          out.push_back(words_.take(by, what));
        },
        [what](std::span<redis_reply> got, tokens_taken& to) { return read(got[0], what, to); });
    },
    [this](count_attempts& what) {
      const auto size = what.counters.size();
      return ask<attempts_counted>(
        size,
        [this, what = std::move(what)](const redis_scripts& by, std::vector<redis_command>& out) {
          for (const auto& counter : what.counters)
            out.push_back(words_.count(by, counter));
        },
        [](std::span<redis_reply> got, attempts_counted& to) {
          to.states.resize(got.size());
          for (std::size_t i = 0; i < got.size(); ++i)
            if (!read(got[i], to.states[i]))
              return false;
          return true;
        });
    },
    [this](forgive_attempts& what) {
      tell(
        [this, what = std::move(what)](const redis_scripts& by, std::vector<redis_command>& out) {
          out.push_back(words_.forgive(by, what));
        });
    },
    [this](get_cached& what) {
      return ask<cached_value>(
        1,
        [this, what = std::move(what)](const redis_scripts&, std::vector<redis_command>& out) {
          out.push_back(words_.find(what));
        },
        [](std::span<redis_reply> got, cached_value& to) { return read(std::move(got[0]), to); });
    },
    [this](keep& what) {
      if (what.value.view().size() <= settings_.value_bytes)
        tell([this, what = std::move(what)](const redis_scripts&, std::vector<redis_command>& out) {
          out.push_back(words_.keep(what));
        });
    },
    [this](get_health) {
      return ask<health>(
        1, [](const redis_scripts&, std::vector<redis_command>& out) { out.push_back({"PING"}); },
        [](std::span<redis_reply> got, health& to) {
          to = {"redis", got[0].is == redis_reply::kind::text, got[0].text};
          return to.ready;
        });
    },
    [this](caf::flush_atom) {
      awake_ = false;
      flush();
    },
  };
}

template <class Reply, class Say, class Read>
caf::result<Reply> redis_store::ask(std::size_t size, Say say, Read read) {
  auto promise = self_->make_response_promise<Reply>();
  request r;
  r.size = size;
  r.say = std::move(say);
  r.done = [promise, read](std::span<redis_reply> got) mutable {
    Reply reply;
    if (!got.empty() && read(got, reply))
      promise.deliver(std::move(reply));
    else
      promise.deliver(away());
  };
  enqueue(std::move(r));
  return promise;
}

void redis_store::tell(std::function<void(const redis_scripts&, std::vector<redis_command>&)> say) {
  request r;
  r.say = std::move(say);
  r.done = [](std::span<redis_reply>) {};
  enqueue(std::move(r));
}

void redis_store::enqueue(request what) {
  if (queue_.size() >= settings_.queued || what.size == 0) {
    what.done({});
    return;
  }
  queue_.push_back(std::move(what));
  // The flush lines up behind all that is in the mailbox already: what queued during the last round
  // trip becomes one batch.
  if (!awake_) {
    awake_ = true;
    self_->send(self_, caf::flush_atom_v);
  }
}

void redis_store::flush() {
  std::vector<request> batch;
  const auto now = clock::now();
  while (!queue_.empty() && batch.size() < settings_.batch) {
    // Who has waited so long has been answered otherwise.
    if (now - queue_.front().since < settings_.time_out)
      batch.push_back(std::move(queue_.front()));
    else
      queue_.front().done({});
    queue_.pop_front();
  }
  if (!batch.empty())
    run(batch);
  if (!queue_.empty() && !awake_) {
    awake_ = true;
    self_->send(self_, caf::flush_atom_v);
  }
}

void redis_store::run(std::vector<request>& batch) {
  std::vector<redis_reply> replies;
  try {
    if (connected()) {
      const auto begin = clock::now();
      replies = send(batch);
      // A restarted or emptied Redis has lost the scripts. What it refused it has not done.
      if (std::any_of(replies.begin(), replies.end(), lacks_script)) {
        scripts_ = loaded(link_->round_trip(load_scripts(), small_answer));
        std::vector<request> again;
        std::vector<std::pair<std::size_t, std::size_t>> places; // in `replies`, and how many
        std::size_t at = 0;
        for (auto& r : batch) {
          if (lacks_script(replies[at])) {
            places.emplace_back(at, r.size);
            again.push_back(r);
          }
          at += r.size;
        }
        auto second = send(again);
        std::size_t from = 0;
        for (const auto& [place, size] : places)
          for (std::size_t i = 0; i < size; ++i)
            replies[place + i] = std::move(second[from++]);
      }
      seconds_->observe(std::chrono::duration<double>(clock::now() - begin).count());
      batches_->observe(static_cast<std::int64_t>(batch.size()));
    }
  } catch (const redis_failure& why) {
    replies.clear();
    disconnect(why.what());
  }
  std::size_t at = 0;
  for (auto& r : batch) {
    r.done(replies.empty() ? std::span<redis_reply>{}
                           : std::span<redis_reply>{replies}.subspan(at, r.size));
    at += r.size;
  }
}

std::vector<redis_reply> redis_store::send(const std::vector<request>& batch) {
  std::vector<redis_command> commands;
  for (const auto& r : batch)
    r.say(scripts_, commands);
  return link_->round_trip(commands, commands.size() * (settings_.value_bytes + small_answer));
}

bool redis_store::connected() {
  if (link_)
    return true;
  if (clock::now() < next_attempt_)
    return false;
  link_.emplace(settings_.where, settings_.ca, settings_.time_out);
  scripts_ = loaded(link_->round_trip(load_scripts(), small_answer));
  connections_->inc();
  spdlog::info("redis: connected to {}", settings_.where.to_text());
  return true;
}

void redis_store::disconnect(const char* why) {
  // Who asks in vain tells of it once; these are the details.
  spdlog::debug("redis at {}: {}", settings_.where.to_text(), why);
  failures_->inc();
  link_.reset();
  next_attempt_ = clock::now() + settings_.time_out;
}

} // namespace

shared_state_actor spawn_redis_store(caf::actor_system& system, redis_settings settings) {
  // OpenSSL writes without MSG_NOSIGNAL.
  std::signal(SIGPIPE, SIG_IGN);
  return system.spawn<redis_store::actor::stateful_impl<redis_store>, caf::detached>(
    std::move(settings));
}

} // namespace spotter::persistence
