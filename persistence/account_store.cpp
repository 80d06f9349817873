#include "persistence/account_store.hpp"

#include "persistence/account_rows.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <concepts>

namespace spotter::persistence {

namespace {

using messages::account_store_actor;
using messages::failure_code;

constexpr std::int32_t retry_after_ms = 1'000;

template <class T>
concept can_fail = requires(T answer) {
  answer.problem = messages::failure{};
};

struct account_store_state {
  static inline const char* name = "spotter.account_store";

  account_store_state(account_store_actor::pointer, connection_settings settings)
    : rows_(std::move(settings)) {}

  account_store_actor::behavior_type make_behavior() {
    return {
      [this](const messages::ask_for_mail& ask) {
        return stored(true, [&] { return rows_.ask_for_mail(ask); });
      },
      [this](const messages::sort_mail_requests& ask) {
        return run(true, [&] { return rows_.sort_mail_requests(ask); });
      },
      [this](const messages::prepare_mail& ask) {
        return run(true, [&] { return rows_.prepare_mail(ask); });
      },
      [this](const messages::finish_mail& ask) {
        return stored(true, [&] { return rows_.finish_mail(ask); });
      },
      [this](const messages::use_address_token& ask) {
        return run(false, [&] { return rows_.verify_address(ask); });
      },
      [this](const messages::find_recovery& ask) {
        return run(true, [&] { return rows_.find_recovery(ask); });
      },
      [this](const messages::load_credentials& ask) {
        return run(true, [&] { return rows_.load_credentials(ask); });
      },
      [this](const messages::use_recovery_token& ask) {
        return run(false, [&] { return rows_.recover_password(ask); });
      },
      [this](const messages::set_password& ask) {
        return run(false, [&] { return rows_.change_password(ask); });
      },
      [this](const messages::renew_password_hash& ask) {
        return stored(true, [&] { return rows_.renew_password_hash(ask); });
      },
      [this](const messages::change_address& ask) {
        return run(false, [&] { return rows_.change_address(ask); });
      },
      [this](const messages::get_logins& ask) {
        return run(true, [&] { return rows_.list_logins(ask); });
      },
      [this](const messages::end_login& ask) {
        return run(false, [&] { return rows_.end_login(ask); });
      },
      [this](const messages::erase_account& ask) {
        return run(true, [&] { return rows_.begin_erasure(ask); });
      },
      [this](const messages::erase_rows& ask) {
        return run(true, [&] { return rows_.erase_rows(ask); });
      },
      [this](const messages::begin_export& ask) {
        return run(true, [&] { return rows_.begin_export(ask); });
      },
      [this](const messages::end_access& ask) {
        return run(false, [&] { return rows_.end_access(ask); });
      },
    };
  }

private:
  template <class Statement>
  caf::result<messages::identity_stored> stored(bool repeatable, Statement statement) {
    return run(repeatable, [&] {
      messages::identity_stored out;
      out.applied = statement();
      return out;
    });
  }

  template <class Statement>
  auto run(bool repeatable, Statement statement) -> caf::result<decltype(statement())> {
    using repetition = store_connection::repetition;
    decltype(statement()) answer;
    const auto failed = rows_.connection().attempt(
      "the account store", repeatable ? repetition::harmless : repetition::harmful,
      [&](bool) { answer = statement(); });
    if (!failed)
      return answer;
    if constexpr (can_fail<decltype(answer)>) {
      decltype(answer) refused;
      refused.problem =
        messages::failure{*failed,
                          "Accounts cannot be reached at the moment. Try again shortly.",
                          {},
                          *failed == failure_code::internal ? 0 : retry_after_ms};
      return refused;
    } else {
      return caf::make_error(caf::sec::runtime_error, "the database could not be asked");
    }
  }

  account_rows rows_;
};

} // namespace

account_store_actor spawn_account_store(caf::actor_system& system, connection_settings settings) {
  using impl = account_store_actor::stateful_impl<account_store_state>;
  return system.spawn<impl, caf::detached>(std::move(settings));
}

} // namespace spotter::persistence
