#pragma once

#include "domain/workout.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace spotter::domain {

/// Writes one JSON text into a string it appends to. Commas are its own business: call `key` before
/// each member and any value after it. Bytes that are not UTF-8 must not be passed in.
class json_writer {
public:
  /// Appends to `out`, which must outlive the writer.
  explicit json_writer(std::string& out) : out_(out) {}

  json_writer& begin_object() { return open('{'); }
  json_writer& end_object() { return close('}'); }
  json_writer& begin_array() { return open('['); }
  json_writer& end_array() { return close(']'); }
  json_writer& key(std::string_view name);
  json_writer& value(std::string_view text);
  json_writer& value(const char* text) { return value(std::string_view{text}); }
  json_writer& value(std::int64_t number);
  json_writer& value(std::int32_t number) { return value(static_cast<std::int64_t>(number)); }
  /// Shortest decimal that reads back as the same double; not finite becomes null.
  json_writer& value(double number);
  json_writer& value(bool flag);
  json_writer& value(const uuid& id);
  json_writer& value(instant at);
  json_writer& null();
  /// Inserts text that is JSON already.
  json_writer& raw(std::string_view json);

  /// `key(name)` and `value(x)` in one.
  template <class T>
  json_writer& member(std::string_view name, const T& x) {
    return key(name).value(x);
  }

  /// A member that is left out when `x` is empty.
  template <class T>
  json_writer& member_if(std::string_view name, const std::optional<T>& x) {
    return x ? key(name).value(*x) : *this;
  }

private:
  json_writer& open(char c);
  json_writer& close(char c);
  void separate();

  std::string& out_;
  bool comma_ = false;
};

/// Appends `text` with JSON's escapes, without quotes.
void append_escaped(std::string& out, std::string_view text);

// The JSON of each resource as clients see it, in REST answers, events and snapshots alike.

/// The members of an effort: `reps`, `weight`, `rpe`, … where present.
void write_members(json_writer& json, const effort& e);

void write(json_writer& json, const effort& e);
void write(json_writer& json, const set_record& set, const uuid& exercise_id);
/// With `exercises` nested when `full`.
void write(json_writer& json, const workout& w, bool full);
/// The members alone, for an object that has more of them.
void write_members(json_writer& json, const workout& w, bool full);
void write(json_writer& json, const personal_record& record);
void write(json_writer& json, const workout_summary& summary);

} // namespace spotter::domain
