#include "persistence/cluster_rows.hpp"

#include <span>
#include <string>
#include <vector>

namespace spotter::persistence {

using namespace messages;

namespace {

// The view comes in the same round trip, if the node is to know it and there is a newer one.
#define SPOTTER_WITH_VIEW(call, known)                                                             \
  "SELECT l.held, l.refused, l.leads, v.* FROM " call " AS l"                                      \
  "  LEFT JOIN LATERAL spotter.view_cluster("                                                      \
  "         CASE WHEN l.held THEN " known " ELSE 9223372036854775807 END) AS v ON true"

constexpr std::string_view join_sql = SPOTTER_WITH_VIEW(
  "spotter.join_cluster($1, $2, $3, $4, $5, $6, $7, $8, $9::bigint)", "0::bigint");
constexpr std::string_view renew_sql =
  SPOTTER_WITH_VIEW("spotter.renew_lease($1, $2::bigint)", "$3::bigint");
constexpr std::string_view change_sql =
  SPOTTER_WITH_VIEW("spotter.change_node_state($1, $2)", "0::bigint");
constexpr std::string_view place_sql =
  SPOTTER_WITH_VIEW("spotter.place_shards($1, $2::bigint, $3::integer[], $4::uuid[])", "0::bigint");
constexpr std::string_view take_sql =
  "SELECT shard_id, epoch FROM spotter.take_shards($1::uuid, $2::integer[])";
constexpr std::string_view give_sql =
  "SELECT shard_id, epoch FROM spotter.give_shards($1::uuid, $2::integer[])";
constexpr std::string_view view_sql =
  "SELECT true, '', false, v.* FROM spotter.view_cluster(-1) AS v";

#undef SPOTTER_WITH_VIEW

std::string text_of(const domain::uuid& id) {
  return to_string(id);
}

std::string text_of(std::int32_t number) {
  return std::to_string(number);
}

/// As an array's text. Neither ids nor numbers want quotes.
template <class T>
std::string array_of(const std::vector<T>& values) {
  std::string out = "{";
  for (const auto& value : values) {
    if (out.size() > 1)
      out += ',';
    out += text_of(value);
  }
  return out + '}';
}

domain::uuid id_of(std::string_view text) {
  const auto id = domain::parse_uuid(text);
  if (!id)
    throw pqxx::conversion_error{"not a UUID: " + std::string{text}};
  return *id;
}

std::vector<std::string> elements_of(const pqxx::field& field) {
  std::vector<std::string> out;
  pqxx::array_parser parser{field.view()};
  for (;;) {
    auto [what, text] = parser.get_next();
    if (what == pqxx::array_parser::juncture::done)
      return out;
    if (what == pqxx::array_parser::juncture::string_value)
      out.push_back(std::move(text));
  }
}

template <class Integer>
Integer number_of(const std::string& text) {
  return pqxx::from_string<Integer>(text);
}

/// Columns of one row, in their order.
class columns {
public:
  columns(const pqxx::row& row, int next) : row_(row), next_(next) {}

  pqxx::field field() { return row_[next_++]; }

  /// An array with one element for each of `count` things.
  std::vector<std::string> elements(std::size_t count) {
    auto out = elements_of(field());
    if (out.size() != count)
      throw pqxx::conversion_error{"an array of the cluster's view has another length"};
    return out;
  }

private:
  const pqxx::row& row_;
  int next_;
};

cluster_view view_of(const pqxx::row& row) {
  columns next{row, 3};
  cluster_view view;
  view.version = next.field().as<std::int64_t>();
  view.leader = id_of(next.field().view());
  view.term = next.field().as<std::int64_t>();
  for (const auto& text : elements_of(next.field()))
    view.nodes.emplace_back().incarnation = id_of(text);
  const auto each = [&](auto&& set) {
    const auto texts = next.elements(view.nodes.size());
    for (std::size_t i = 0; i < texts.size(); ++i)
      set(view.nodes[i], texts[i]);
  };
  each([](node_info& n, const std::string& x) { n.node_id = x; });
  each([](node_info& n, const std::string& x) { n.address = x; });
  each([](node_info& n, const std::string& x) { n.http_address = x; });
  each([](node_info& n, const std::string& x) {
    n.state = static_cast<node_state>(number_of<int>(x));
  });
  each([](node_info& n, const std::string& x) { n.weight = number_of<std::int32_t>(x); });
  each([](node_info& n, const std::string& x) { n.protocol_min = number_of<std::int32_t>(x); });
  each([](node_info& n, const std::string& x) { n.protocol_max = number_of<std::int32_t>(x); });
  each([](node_info& n, const std::string& x) { n.release = x; });
  each([](node_info& n, const std::string& x) { n.lease_left_ms = number_of<std::int64_t>(x); });
  each([](node_info& n, const std::string& x) {
    n.joined_at = domain::from_millis(number_of<std::int64_t>(x));
  });
  constexpr auto count = static_cast<std::size_t>(shard_count);
  const auto owners = next.elements(count);
  const auto epochs = next.elements(count);
  const auto targets = next.elements(count);
  view.shards.reserve(count);
  for (std::size_t i = 0; i < count; ++i)
    view.shards.push_back(
      {id_of(owners[i]), number_of<std::int64_t>(epochs[i]), id_of(targets[i])});
  return view;
}

cluster_lease lease_from(pqxx::connection& connection, std::string_view sql,
                         const pqxx::params& parameters) {
  pqxx::nontransaction tx{connection};
  const auto row = tx.exec(sql, parameters).one_row();
  cluster_lease lease;
  lease.held = row[0].as<bool>();
  lease.refused = row[1].as<std::string>();
  lease.leading = row[2].as<bool>();
  if (!row[3].is_null())
    lease.view = view_of(row);
  return lease;
}

shards_held shards_from(pqxx::connection& connection, std::string_view sql,
                        const domain::uuid& incarnation, const std::vector<std::int32_t>& shards) {
  pqxx::nontransaction tx{connection};
  shards_held held;
  for (const auto& row : tx.exec(sql, pqxx::params{to_string(incarnation), array_of(shards)}))
    held.shards.push_back({row[0].as<std::int32_t>(), row[1].as<std::int64_t>()});
  return held;
}

} // namespace

cluster_lease join(pqxx::connection& connection, const join_cluster& ask) {
  const auto& who = ask.who;
  return lease_from(connection, join_sql,
                    pqxx::params{to_string(who.incarnation), who.node_id, who.address,
                                 who.http_address, who.weight, who.protocol_min, who.protocol_max,
                                 who.release, ask.lease_ms});
}

cluster_lease renew(pqxx::connection& connection, const renew_lease& ask) {
  return lease_from(connection, renew_sql,
                    pqxx::params{to_string(ask.incarnation), ask.lease_ms, ask.known_version});
}

cluster_lease change(pqxx::connection& connection, const change_state& ask) {
  return lease_from(connection, change_sql,
                    pqxx::params{to_string(ask.incarnation), static_cast<int>(ask.state)});
}

cluster_lease place(pqxx::connection& connection, const place_shards& ask) {
  return lease_from(
    connection, place_sql,
    pqxx::params{to_string(ask.leader), ask.term, array_of(ask.shards), array_of(ask.targets)});
}

shards_held take(pqxx::connection& connection, const take_shards& ask) {
  return shards_from(connection, take_sql, ask.incarnation, ask.shards);
}

shards_held give(pqxx::connection& connection, const give_shards& ask) {
  return shards_from(connection, give_sql, ask.incarnation, ask.shards);
}

cluster_view view_cluster(pqxx::connection& connection) {
  pqxx::nontransaction tx{connection};
  return view_of(tx.exec(view_sql).one_row());
}

} // namespace spotter::persistence
