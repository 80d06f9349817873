#include "persistence/repository/recommendation_repository.hpp"

#include "persistence/repository/row_reader.hpp"

namespace spotter::persistence {

namespace {

const statement one{"read_recommendation",
                    "SELECT r.output, r.accepted, r.outcome, r.version"
                    " FROM spotter.recommendation r"
                    " WHERE r.user_id = $1::uuid AND r.recommendation_id = $2::uuid"};

/// The members of a stored resource, without the version that it ends with where it was stored
/// with one: that is the version of the advice, not of what became of it.
std::string_view members_of(std::string_view resource) {
  if (resource.size() < 2 || resource.front() != '{' || resource.back() != '}')
    throw pqxx::conversion_error{"A stored recommendation is not a JSON object."};
  resource.remove_prefix(1);
  resource.remove_suffix(1);
  constexpr std::string_view version = ",\"version\":";
  const auto at = resource.rfind(version);
  if (at != std::string_view::npos
      && resource.find_first_not_of("0123456789", at + version.size()) == std::string_view::npos)
    resource = resource.substr(0, at);
  return resource;
}

} // namespace

read_result read_recommendation(read_connection& db, const domain::uuid& user,
                                const messages::get_recommendation& query) {
  return db.as(user, [&](auto& tx) -> read_result {
    const auto rows =
      tx.query(one, pqxx::params{to_string(user), to_string(query.recommendation_id)});
    if (rows.empty())
      return missing("recommendation");
    row_reader row{rows[0]};
    std::string body;
    domain::json_writer json{body};
    json.begin_object();
    if (const auto members = members_of(row.view()); !members.empty())
      json.raw(members);
    if (const auto accepted = row.optional(&row_reader::flag)) {
      json.member("accepted", *accepted).key("outcome");
      row.at_null() ? json.null() : json.raw(row.peek());
    }
    row.skip(1);
    const auto version = row.bigint();
    json.member("version", version).end_object();
    return render(std::move(body), version);
  });
}

} // namespace spotter::persistence
