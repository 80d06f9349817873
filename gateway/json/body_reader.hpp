#pragma once

#include "gateway/json/bodies.hpp"
#include "gateway/json/reader.hpp"

// Shared by the files that read bodies: field lambdas that move what was read into its place.

namespace spotter::gateway::json {

/// Reads a document into `out` by `fields`; the error otherwise.
template <class T>
parsed<T> read_body(padded_text text, std::string_view prefix, T& out,
                    std::initializer_list<field> fields) {
  reader r{prefix};
  body_error error;
  if (!read_document(r, text, error.malformed, fields))
    return error;
  if (!r.clean()) {
    error.errors = r.take_errors();
    return error;
  }
  return std::move(out);
}

/// Moves a value that was read, if one was, into `out`.
template <class T, class U>
void put(T& out, std::optional<U>&& read) {
  if (read)
    out = std::move(*read);
}

/// A member that must not be left to its default by null.
inline auto text_into(std::string& out, std::size_t most, std::size_t least = 0) {
  return [&out, most, least](reader& r, value& v) { put(out, read_text(r, v, most, least)); };
}

/// A text member for which null means empty.
inline auto text_or_null_into(std::string& out, std::size_t most) {
  return [&out, most](reader& r, value& v) {
    if (is_null(v))
      out.clear();
    else
      put(out, read_text(r, v, most));
  };
}

/// Optional members for which null is the same as absent.
inline auto text_into(std::optional<std::string>& out, std::size_t most, std::size_t least = 0) {
  return [&out, most, least](reader& r, value& v) { put(out, read_text(r, v, most, least)); };
}

inline auto id_into(domain::uuid& out) {
  return [&out](reader& r, value& v) { put(out, read_uuid(r, v)); };
}

inline auto id_into(std::optional<domain::uuid>& out) {
  return [&out](reader& r, value& v) {
    if (!is_null(v))
      put(out, read_uuid(r, v));
  };
}

inline auto time_into(std::optional<domain::instant>& out) {
  return [&out](reader& r, value& v) {
    if (!is_null(v))
      put(out, read_instant(r, v));
  };
}

template <class Text>
auto zone_into(Text& out) {
  return [&out](reader& r, value& v) { put(out, read_time_zone(r, v)); };
}

} // namespace spotter::gateway::json
