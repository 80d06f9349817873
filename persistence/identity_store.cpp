#include "persistence/identity_store.hpp"

#include "persistence/ended_logins.hpp"
#include "persistence/identity_rows.hpp"
#include "persistence/store_pool.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <optional>
#include <string>
#include <utility>

namespace spotter::persistence {

namespace {

using messages::account_image;
using messages::failure_code;
using messages::identity_store_actor;
using messages::identity_stored;
using messages::known_addresses;
using messages::login_image;

constexpr std::int32_t retry_soon_ms = 1'000;

messages::failure make_failure(failure_code code, std::string detail) {
  messages::failure why;
  why.code = code;
  why.detail = std::move(detail);
  if (code != failure_code::internal)
    why.retry_after_ms = retry_soon_ms;
  return why;
}

messages::failure make_failure(failure_code code) {
  switch (code) {
    case failure_code::overloaded:
      return make_failure(code, "Too many sign-ins are under way. Try again shortly.");
    case failure_code::unavailable:
      return make_failure(
        code, "Accounts cannot be reached at the moment; nothing was changed. Try again shortly.");
    case failure_code::outcome_unknown:
      return make_failure(
        code, "The database was lost while it worked: this may have happened or not. Try again.");
    default:
      return make_failure(code, "The account or login could not be stored.");
  }
}

/// A write as it ends where nothing was applied because of a problem.
identity_stored not_stored(failure_code code) {
  identity_stored answer;
  answer.problem = make_failure(code);
  return answer;
}

/// One thread with one connection.
struct identity_worker_state {
  static inline const char* name = "spotter.identity_worker";

  identity_worker_state(identity_store_actor::pointer, connection_settings settings)
    : rows_(std::move(settings)) {}

  identity_store_actor::behavior_type make_behavior() {
    return {
      [this](const messages::add_account& ask) {
        return write([&](bool) { return rows_.add_account(ask); });
      },
      [this](const messages::add_login& ask) {
        identity_stored answer;
        if (const auto problem = attempt([&](bool) { answer = rows_.add_login(ask); }))
          return not_stored(*problem);
        return answer;
      },
      [this](const messages::find_account& ask) {
        return read([&] { return rows_.find_account(ask); });
      },
      [this](const messages::load_addresses& ask) {
        return read([&] { return rows_.load_addresses(ask); });
      },
      [this](const messages::load_login& ask) {
        return read([&] { return rows_.load_login(ask); });
      },
      [this](const messages::rotate_login& ask) {
        return write([&](bool) { return rows_.rotate_login(ask); });
      },
      [this](const messages::revoke_login& ask) {
        // Ended already means, on a repetition, that the first attempt did it: better told twice
        // than never.
        return write([&](bool repeated) { return rows_.revoke_login(ask) || repeated; });
      },
      [this](const messages::note_security_event& ask) {
        return write([&](bool) { return rows_.note_event(ask); });
      },
      [this](const messages::load_ended_logins& ask) {
        return read([&] {
          return messages::ended_logins{
            load_ended_logins(*rows_.connection(), std::chrono::seconds{ask.age_s})};
        });
      },
    };
  }

private:
  /// Every statement is made so that a repetition does no harm.
  template <class Statement>
  std::optional<failure_code> attempt(Statement statement) {
    return rows_.connection().attempt("the identity store", store_connection::repetition::harmless,
                                      std::move(statement));
  }

  template <class Statement>
  identity_stored write(Statement statement) {
    identity_stored answer;
    if (const auto problem = attempt([&](bool again) { answer.applied = statement(again); }))
      return not_stored(*problem);
    return answer;
  }

  template <class Statement>
  auto read(Statement statement) -> caf::result<decltype(statement())> {
    decltype(statement()) answer;
    if (attempt([&](bool) { answer = statement(); }))
      return caf::make_error(caf::sec::runtime_error, "the database could not be asked");
    return answer;
  }

  identity_rows rows_;
};

struct identity_store_state {
  static inline const char* name = "spotter.identity_store";

  identity_store_state(identity_store_actor::pointer self, const identity_store_settings& settings)
    : pool_(self, settings.connection, settings.max_backlog), workers_(settings.workers) {}

  identity_store_actor::behavior_type make_behavior() {
    pool_.start(workers_);
    return {
      [this](messages::add_account& ask) { return forward<identity_stored>(ask); },
      [this](messages::add_login& ask) { return forward<identity_stored>(ask); },
      [this](messages::find_account& ask) { return forward<account_image>(ask); },
      [this](messages::load_addresses& ask) { return forward<known_addresses>(ask); },
      [this](messages::load_login& ask) { return forward<login_image>(ask); },
      [this](messages::rotate_login& ask) { return forward<identity_stored>(ask); },
      [this](messages::revoke_login& ask) { return forward<identity_stored>(ask); },
      [this](messages::note_security_event& ask) { return forward<identity_stored>(ask); },
      [this](messages::load_ended_logins& ask) { return forward<messages::ended_logins>(ask); },
    };
  }

private:
  template <class Answer, class Request>
  caf::typed_response_promise<Answer> forward(Request& ask) {
    return pool_.template forward<Answer>(ask, [](caf::typed_response_promise<Answer>& to) {
      if constexpr (std::is_same_v<Answer, identity_stored>)
        to.deliver(not_stored(failure_code::overloaded));
      else
        to.deliver(caf::make_error(caf::sec::unavailable_or_would_block, "too many sign-ins"));
    });
  }

  store_pool<identity_store_actor, identity_worker_state> pool_;
  std::size_t workers_;
};

} // namespace

identity_store_actor spawn_identity_store(caf::actor_system& system,
                                          identity_store_settings settings) {
  return system.spawn<identity_store_actor::stateful_impl<identity_store_state>>(
    std::move(settings));
}

} // namespace spotter::persistence
