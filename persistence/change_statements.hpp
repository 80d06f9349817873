#pragma once

#include "actors/messages/store.hpp"

#include <pqxx/pqxx>

#include <string_view>

// The statements of the changes that are not on the hot path, one each.

namespace spotter::persistence {

/// Makes `users`, a uuid[] in binary form, those whose rows this transaction may see and write.
void set_users(pqxx::transaction_base& tx, std::string_view users);

/// Carries out one change of `unit`; new sets and record rebuilds are not for this function.
void execute(pqxx::transaction_base& tx, const messages::store_unit& unit,
             const messages::change& c);

/// Stores a remembered answer of the unit.
void remember(pqxx::transaction_base& tx, const messages::store_unit& unit,
              const messages::remembered_answer& a);

/// Works out the records of one exercise from the sets stored so far.
void rebuild(pqxx::transaction_base& tx, const messages::store_unit& unit,
             const messages::rebuild_records& c);

} // namespace spotter::persistence
