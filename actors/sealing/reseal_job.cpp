#include "actors/sealing/reseal_job.hpp"

#include "actors/messages/all.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace spotter::actors::sealing {

namespace {

using namespace std::chrono_literals;

constexpr auto between_counts = 60s;
constexpr std::int64_t soon_ms = 1;

struct reseal_job_state {
  static inline const char* name = "spotter.reseal_job";

  using actor_type = job_actor::extend<caf::result<void>(caf::tick_atom)>;

  reseal_job_state(actor_type::pointer self, reseal_environment env)
    : self_(self), env_(std::move(env)) {}

  actor_type::behavior_type make_behavior() {
    return {
      [this](const messages::job& claim) -> caf::result<messages::end_job> {
        claim_ = claim;
        answer_ = self_->make_response_promise<messages::end_job>();
        begin();
        return answer_;
      },
      // Nobody waits for it but operators, who see its state and its reason.
      [this](const messages::end_job& how) -> caf::result<messages::end_job> {
        spdlog::error("rows stay under an older sealing key: {}", how.reason);
        self_->quit();
        return messages::end_job{how.claim, "dead", 0, how.reason};
      },
      [this](caf::tick_atom) { step(); },
    };
  }

private:
  const std::string& target() const { return env_.sealer.keys().front().id(); }

  void begin() {
    if (claim_.subject_id != reseal_subject(target())) {
      end("snooze", env_.other_node.count(), "This node seals with another key.");
      return;
    }
    until_ = std::chrono::steady_clock::now() + env_.longest;
    try {
      auto counts = env_.store.count();
      env_.metrics->set(counts);
      for (auto& one : counts)
        if (one.key_id != target() && one.rows > 0)
          left_.push_back(std::move(one));
    } catch (const std::exception& why) {
      end("retry", 0, why.what());
      return;
    }
    self_->send(self_, caf::tick_atom_v);
  }

  // One batch for each message, so that the job's end is heard in between.
  void step() {
    try {
      if (left_.empty()) {
        finish();
        return;
      }
      if (std::chrono::steady_clock::now() >= until_) {
        end("snooze", soon_ms, "There is more to do.");
        return;
      }
      reseal_some(left_.back());
    } catch (const std::exception& why) {
      end("retry", 0, why.what());
      return;
    }
    self_->send(self_, caf::tick_atom_v);
  }

  void reseal_some(const messages::sealed_count& from) {
    const auto rows = env_.store.load(from.place, from.key_id, after_, env_.batch);
    if (rows.empty()) {
      left_.pop_back();
      after_.clear();
      return;
    }
    std::vector<messages::resealed_row> moved;
    for (const auto& row : rows) {
      auto sealed = env_.sealer.rewrap(row.sealed, from.place + '/' + row.row_key);
      if (sealed)
        moved.push_back({row.row_key, row.sealed, std::move(*sealed)});
      else
        ++unopened_;
    }
    if (!moved.empty())
      env_.store.put(from.place, moved);
    after_ = rows.back().row_key;
    moved_ += moved.size();
    env_.metrics->set(env_.store.count());
  }

  void finish() {
    env_.metrics->set(env_.store.count());
    spdlog::info("{} rows were put under the sealing key {}", moved_, shown_id(target()));
    if (unopened_ == 0) {
      end("finished", 0, {});
      return;
    }
    end("dead", 0,
        std::to_string(unopened_)
          + " rows do not open: this node lacks their key, or they were damaged.");
  }

  void end(std::string state, std::int64_t delay_ms, std::string reason) {
    answer_.deliver(messages::end_job{claim_, std::move(state), delay_ms, std::move(reason)});
    self_->quit();
  }

  actor_type::pointer self_;
  reseal_environment env_;
  messages::job claim_;
  caf::typed_response_promise<messages::end_job> answer_;
  std::chrono::steady_clock::time_point until_;
  std::vector<messages::sealed_count> left_;
  std::string after_; // the last row that was looked at
  std::size_t moved_ = 0;
  std::size_t unopened_ = 0;
};

void look(const reseal_environment& env, const std::function<void()>& wake) {
  const auto counts = env.store.count();
  env.metrics->set(counts);
  const auto& first = env.sealer.keys().front().id();
  if (!has_older(env.sealer, counts) || !env.store.note_key(first))
    return;
  if (env.store.queue_job(first)) {
    spdlog::info("what older keys have sealed is put under the key {}", shown_id(first));
    wake();
  }
}

caf::behavior watch(caf::event_based_actor* self, const reseal_environment& env,
                    const std::function<void()>& wake) {
  self->send(self, caf::tick_atom_v);
  return {
    [self, env, wake](caf::tick_atom) {
      try {
        look(env, wake);
      } catch (const std::exception& why) {
        spdlog::warn("sealed rows could not be counted: {}", why.what());
      }
      self->delayed_send(self, between_counts, caf::tick_atom_v);
    },
  };
}

} // namespace

domain::uuid reseal_subject(const std::string& key_id) {
  domain::uuid out;
  std::transform(key_id.begin(), key_id.begin() + std::min<std::ptrdiff_t>(8, std::ssize(key_id)),
                 out.bytes.begin(), [](char c) { return static_cast<std::uint8_t>(c); });
  return out;
}

job_spawner reseal_spawner(reseal_environment env) {
  return [env = std::move(env)](caf::actor_system& system) -> job_actor {
    using implementation = reseal_job_state::actor_type::stateful_impl<reseal_job_state>;
    return system.spawn<implementation, caf::detached>(env);
  };
}

caf::actor spawn_sealed_row_watch(caf::actor_system& system, reseal_environment env,
                                  std::function<void()> wake) {
  return system.spawn<caf::detached>(watch, std::move(env), std::move(wake));
}

} // namespace spotter::actors::sealing
