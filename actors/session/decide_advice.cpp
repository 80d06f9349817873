#include "actors/session/unit_builder.hpp"

// The rules of recommendations: a story's events like all else.

namespace spotter::actors {

using namespace messages;

decision decide_recommendation(const user_state& s, const record_recommendation& c,
                               domain::instant now) {
  unit_builder unit{s, now};
  // The resource is complete but for its version, which only the session knows.
  std::string body = c.output.str();
  if (body.empty() || body.back() != '}')
    return refuse(failure_code::internal, "the recommendation is not a JSON object");
  body.pop_back();
  body += R"(,"version":)" + std::to_string(unit.version()) + '}';
  auto stored = c;
  stored.output = shared_text{body};
  unit.change(add_recommendation{std::move(stored), unit.version()});
  unit.event(event_name::recommendation_made, domain::uuid{}, "recommendation",
             [&body](domain::json_writer& json) { json.raw(body); });
  return unit.finish(true, std::move(body));
}

decision decide_outcome(const user_state& s, const record_outcome& c, domain::instant now) {
  unit_builder unit{s, now};
  std::string body;
  domain::json_writer json{body};
  json.begin_object()
    .member("id", c.recommendation_id)
    .member("accepted", c.accepted)
    .key("outcome")
    .raw(c.detail.empty() ? "{}" : c.detail.view())
    .member("version", unit.version())
    .end_object();
  unit.change(put_outcome{c, unit.version()});
  unit.event(event_name::recommendation_answered, domain::uuid{}, "recommendation",
             [&body](domain::json_writer& out) { out.raw(body); });
  return unit.finish(false, std::move(body));
}

} // namespace spotter::actors
