#include "persistence/factor_store.hpp"

#include "persistence/factor_rows.hpp"
#include "persistence/store_pool.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <optional>
#include <utility>

namespace spotter::persistence {

namespace {

using messages::api_key_checked;
using messages::challenge_answered;
using messages::factor_image;
using messages::factor_store_actor;
using messages::factor_stored;
using messages::failure;
using messages::failure_code;
using messages::share_checked;

constexpr std::int32_t retry_soon_ms = 1'000;

failure problem_of(failure_code code) {
  switch (code) {
    case failure_code::overloaded:
      return {code, "Too much is going on. Try again shortly.", {}, retry_soon_ms};
    case failure_code::unavailable:
      return {code,
              "Accounts can't be reached at the moment; nothing was changed. Try again shortly.",
              {},
              retry_soon_ms};
    case failure_code::outcome_unknown:
      return {code,
              "The database was lost while it worked: this may have happened or not. Try again.",
              {},
              retry_soon_ms};
    default:
      return {code, "It could not be stored.", {}, 0};
  }
}

/// One thread with one connection.
struct factor_worker_state {
  static inline const char* name = "spotter.factor_worker";

  factor_worker_state(factor_store_actor::pointer, connection_settings settings)
    : rows_(std::move(settings)) {}

  factor_store_actor::behavior_type make_behavior() {
    return {
      [this](const messages::load_factors& ask) -> caf::result<factor_image> {
        factor_image image;
        if (attempt([&] { image = rows_.load_factors(ask); }))
          return caf::make_error(caf::sec::runtime_error, "the database could not be asked");
        return image;
      },
      [this](const messages::store_factor& ask) {
        return run<factor_stored>([&] { return rows_.store(ask); });
      },
      [this](const messages::find_api_key& ask) {
        return run<api_key_checked>([&] { return rows_.find_api_key(ask); });
      },
      [this](const messages::check_share& ask) {
        return run<share_checked>([&] { return rows_.check_share(ask); });
      },
      [this](const messages::pass_challenge& ask) {
        return run<challenge_answered>([&] { return rows_.pass_challenge(ask); });
      },
    };
  }

private:
  using repetition = store_connection::repetition;

  /// Every statement is made so that a repetition does no harm.
  template <class Statement>
  std::optional<failure_code> attempt(Statement statement) {
    return rows_.connection().attempt("the factor store", repetition::harmless,
                                      [&](bool) { statement(); });
  }

  template <class Answer, class Statement>
  Answer run(Statement statement) {
    Answer answer;
    if (const auto code = attempt([&] { answer = statement(); }))
      answer.problem = problem_of(*code);
    return answer;
  }

  factor_rows rows_;
};

struct factor_store_state {
  static inline const char* name = "spotter.factor_store";

  factor_store_state(factor_store_actor::pointer self, const factor_store_settings& settings)
    : pool_(self, settings.connection, settings.max_backlog), workers_(settings.workers) {}

  factor_store_actor::behavior_type make_behavior() {
    pool_.start(workers_);
    return {
      [this](messages::load_factors& ask) { return forward<factor_image>(ask); },
      [this](messages::store_factor& ask) { return forward<factor_stored>(ask); },
      [this](messages::find_api_key& ask) { return forward<api_key_checked>(ask); },
      [this](messages::check_share& ask) { return forward<share_checked>(ask); },
      [this](messages::pass_challenge& ask) { return forward<challenge_answered>(ask); },
    };
  }

private:
  template <class Answer, class Request>
  caf::typed_response_promise<Answer> forward(Request& ask) {
    return pool_.template forward<Answer>(ask, [](caf::typed_response_promise<Answer>& to) {
      if constexpr (requires(Answer a) { a.problem; }) {
        Answer answer;
        answer.problem = problem_of(failure_code::overloaded);
        to.deliver(std::move(answer));
      } else {
        to.deliver(caf::make_error(caf::sec::unavailable_or_would_block, "too many requests"));
      }
    });
  }

  store_pool<factor_store_actor, factor_worker_state> pool_;
  std::size_t workers_;
};

} // namespace

factor_store_actor spawn_factor_store(caf::actor_system& system, factor_store_settings settings) {
  return system.spawn<factor_store_actor::stateful_impl<factor_store_state>>(std::move(settings));
}

} // namespace spotter::persistence
