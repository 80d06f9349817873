#pragma once

#include "actors/messages/inspect_domain.hpp"

#include <string>
#include <vector>

namespace spotter::messages {

/// An exercise that an athlete made. Muscles are slugs of the current taxonomy.
struct own_exercise {
  domain::uuid exercise_id;
  std::string name;
  std::string equipment;
  std::vector<std::string> primary_muscles;
  std::vector<std::string> secondary_muscles;
  std::int64_t version = 0;
  domain::instant created_at;
  domain::instant updated_at;
  bool deleted = false;
};

/// What a person says of themselves.
struct profile {
  domain::uuid user_id;
  std::string email;
  std::string display_name;
  std::string time_zone = "UTC";
  domain::weight_unit unit = domain::weight_unit::kg;
  std::string role = "member";
  std::int64_t version = 0;
  domain::instant created_at;
  domain::instant updated_at;
  bool email_verified = false;
};

template <class Inspector>
bool inspect(Inspector& f, own_exercise& x) {
  return f.object(x).fields(f.field("exercise_id", x.exercise_id), f.field("name", x.name),
                            f.field("equipment", x.equipment),
                            f.field("primary_muscles", x.primary_muscles),
                            f.field("secondary_muscles", x.secondary_muscles),
                            f.field("version", x.version), f.field("created_at", x.created_at),
                            f.field("updated_at", x.updated_at), f.field("deleted", x.deleted));
}

template <class Inspector>
bool inspect(Inspector& f, profile& x) {
  return f.object(x).fields(
    f.field("user_id", x.user_id), f.field("email", x.email),
    f.field("display_name", x.display_name), f.field("time_zone", x.time_zone),
    f.field("unit", x.unit), f.field("role", x.role), f.field("version", x.version),
    f.field("created_at", x.created_at), f.field("updated_at", x.updated_at),
    f.field("email_verified", x.email_verified));
}

} // namespace spotter::messages
