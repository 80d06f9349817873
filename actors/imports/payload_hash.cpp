#include "actors/imports/payload_hash.hpp"

#include "domain/json.hpp"
#include "domain/named_uuid.hpp"

namespace spotter::actors {

std::string payload_hash_of(std::string_view canonical) {
  constexpr domain::uuid space{{0x2c, 0x5e, 0x91, 0x07, 0x6a, 0xd3, 0x8f, 0x4b, 0xa1, 0x70, 0x3d,
                                0xe8, 0x19, 0xc2, 0x54, 0xf6}};
  return to_string(domain::named_uuid(space, canonical));
}

std::string payload_hash(const domain::workout& w, const domain::parsed_workout& as_read) {
  std::string text;
  domain::json_writer json{text};
  json.begin_object();
  json.member("title", w.title).member("notes", w.notes);
  json.member("started_at", w.started_at).member_if("finished_at", w.finished_at);
  json.member("time_zone", w.time_zone);
  json.key("exercises").begin_array();
  for (std::size_t i = 0; i < w.exercises.size(); ++i) {
    const auto& instance = w.exercises[i];
    json.begin_object();
    json.member("name", as_read.exercises[i].name).member("notes", instance.notes);
    json.member_if("superset", instance.superset);
    json.key("sets").begin_array();
    for (const auto& set : instance.sets) {
      json.begin_object().member("kind", domain::to_string(set.kind));
      domain::write_members(json, set.actual);
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().end_object();
  return payload_hash_of(text);
}

} // namespace spotter::actors
