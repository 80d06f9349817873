#include "gateway/routes/answers.hpp"

// What happened to an account's security, for its owner, and to everybody's, for administrators.

namespace spotter::gateway {

namespace {

messages::security_event_filter filter_of(query_reader& query) {
  messages::security_event_filter filter;
  filter.kind = query.text("kind", 64);
  filter.since = query.time("since");
  filter.until = query.time("until");
  return filter;
}

// GET /v1/me/security-events
awaitable<response> get_security_events(call& c) {
  query_reader query{c, {"limit", "cursor", "kind", "since", "until"}};
  messages::get_security_events what;
  what.window = query.window();
  what.filter = filter_of(query);
  if (!query.clean())
    return answer(query.refusal(c));
  return read(c, std::move(what));
}

// GET /v1/admin/audit
awaitable<response> get_audit(call& c) {
  query_reader query{c, {"limit", "cursor", "kind", "user_id", "since", "until"}};
  messages::get_security_audit what;
  what.window = query.window();
  what.filter = filter_of(query);
  what.user_id = query.id("user_id");
  what.device = device_of(c);
  if (!query.clean())
    return answer(query.refusal(c));
  return read(c, std::move(what));
}

constexpr route rows[] = {
  {verb::get, "/v1/me/security-events", get_security_events},
  {verb::get, "/v1/admin/audit", for_admins<get_audit>},
};

} // namespace

std::span<const route> audit_routes() {
  return rows;
}

} // namespace spotter::gateway
