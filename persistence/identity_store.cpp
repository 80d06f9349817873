#include "persistence/identity_store.hpp"

#include "persistence/identity_rows.hpp"
#include "persistence/sqlstate.hpp"

#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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
        return write([&](bool) { return rows_.add_login(ask); });
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
    };
  }

private:
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

  /// Runs a statement, once more where the connection broke or the database was busy. The one place
  /// where exceptions of the database become codes.
  template <class Statement>
  std::optional<failure_code> attempt(Statement statement) {
    bool in_doubt = false; // an attempt reached the database and did not come back
    for (int tries = 1;; ++tries) {
      bool connected = false;
      auto fault = database_fault::defect;
      std::string why;
      try {
        rows_.ensure_connected();
        connected = true;
        statement(tries > 1);
        return std::nullopt;
      } catch (const pqxx::sql_error& error) {
        fault = fault_of(error.sqlstate());
        why = error.what();
      } catch (const pqxx::failure& error) { // broken connections
        fault = database_fault::lost;
        why = error.what();
      } catch (const std::exception& error) {
        why = error.what();
      }
      if (fault == database_fault::lost || fault == database_fault::read_only) {
        rows_.disconnect();
        in_doubt = in_doubt || (connected && fault == database_fault::lost);
        if (connected && tries == 1)
          continue;
      } else if (can_retry(fault) && tries == 1) {
        continue;
      }
      spdlog::warn("the identity store failed ({}): {}", to_string(fault), why);
      if (in_doubt)
        return failure_code::outcome_unknown;
      const bool passes = fault == database_fault::lost || fault == database_fault::read_only
                          || fault == database_fault::timed_out || can_retry(fault);
      return passes ? failure_code::unavailable : failure_code::internal;
    }
  }

  identity_rows rows_;
};

/// Hands each request to the worker that has least to do.
struct identity_store_state {
  static inline const char* name = "spotter.identity_store";

  identity_store_state(identity_store_actor::pointer self, identity_store_settings settings)
    : self_(self), settings_(std::move(settings)) {}
  identity_store_state(const identity_store_state&) = delete;
  identity_store_state& operator=(const identity_store_state&) = delete;

  ~identity_store_state() {
    for (const auto& at : slots_)
      caf::anon_send_exit(at.worker, caf::exit_reason::user_shutdown);
  }

  identity_store_actor::behavior_type make_behavior() {
    self_->set_down_handler([this](const caf::down_msg& down) { replace(down.source); });
    slots_.resize(std::max(settings_.workers, std::size_t{1}));
    for (auto& at : slots_)
      at.worker = spawn_worker();
    return {
      [this](messages::add_account& ask) { return forward<identity_stored>(ask); },
      [this](messages::add_login& ask) { return forward<identity_stored>(ask); },
      [this](messages::find_account& ask) { return forward<account_image>(ask); },
      [this](messages::load_addresses& ask) { return forward<known_addresses>(ask); },
      [this](messages::load_login& ask) { return forward<login_image>(ask); },
      [this](messages::rotate_login& ask) { return forward<identity_stored>(ask); },
      [this](messages::revoke_login& ask) { return forward<identity_stored>(ask); },
      [this](messages::note_security_event& ask) { return forward<identity_stored>(ask); },
    };
  }

private:
  struct slot {
    identity_store_actor worker;
    std::size_t pending = 0;
  };

  identity_store_actor spawn_worker() {
    using worker = identity_store_actor::stateful_impl<identity_worker_state>;
    auto result = self_->spawn<worker, caf::detached>(settings_.connection);
    self_->monitor(result);
    return result;
  }

  void replace(const caf::actor_addr& dead) {
    for (auto& at : slots_) {
      if (at.worker.address() != dead)
        continue;
      spdlog::error("an identity worker died and is replaced");
      at.worker = spawn_worker();
      return;
    }
  }

  template <class Answer, class Request>
  caf::typed_response_promise<Answer> forward(Request& ask) {
    auto to = self_->make_response_promise<Answer>();
    if (pending_ >= settings_.max_backlog) {
      if constexpr (std::is_same_v<Answer, identity_stored>)
        to.deliver(not_stored(failure_code::overloaded));
      else
        to.deliver(caf::make_error(caf::sec::unavailable_or_would_block, "too many sign-ins"));
      return to;
    }
    const auto least =
      std::min_element(slots_.begin(), slots_.end(),
                       [](const slot& a, const slot& b) { return a.pending < b.pending; });
    const auto index = static_cast<std::size_t>(least - slots_.begin());
    ++pending_;
    ++least->pending;
    // No time-out: the worker is in this process, and its end is noticed.
    self_->request(least->worker, caf::infinite, std::move(ask))
      .then(
        [this, index, to](Answer& answer) mutable {
          ended(index);
          to.deliver(std::move(answer));
        },
        [this, index, to](caf::error& error) mutable {
          ended(index);
          to.deliver(std::move(error));
        });
    return to;
  }

  void ended(std::size_t index) {
    --pending_;
    --slots_[index].pending;
  }

  identity_store_actor::pointer self_;
  identity_store_settings settings_;
  std::vector<slot> slots_;
  std::size_t pending_ = 0;
};

} // namespace

identity_store_actor spawn_identity_store(caf::actor_system& system,
                                          identity_store_settings settings) {
  return system.spawn<identity_store_actor::stateful_impl<identity_store_state>>(
    std::move(settings));
}

} // namespace spotter::persistence
