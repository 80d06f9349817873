#pragma once

#include "domain/time.hpp"
#include "domain/uuid.hpp"

#include <pqxx/pqxx>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spotter::persistence {

/// Reads a row column by column, in the order of the statement's list. A null where none is
/// expected, and text of another form, throw `pqxx::conversion_error`: a statement that does not
/// fit its code. Views live as long as the reader.
class row_reader {
public:
  explicit row_reader(pqxx::row row) : row_(std::move(row)) {}

  [[nodiscard]] bool at_null() const;
  void skip(int columns) { next_ += columns; }

  /// The next column as text, without stepping over it; "" for a null.
  [[nodiscard]] std::string_view peek() const;

  std::string_view view();
  std::string text() { return std::string{view()}; }
  std::int64_t bigint();
  std::int32_t integer();
  double real();
  bool flag();
  domain::uuid id();
  domain::instant at();
  std::string bytes();              // of a bytea
  std::vector<std::string> texts(); // of a text[] without nulls

  /// What `read` gives, a member function of this class; nullopt for a null.
  template <class T>
  std::optional<T> optional(T (row_reader::*read)()) {
    if (!at_null())
      return (this->*read)();
    skip(1);
    return std::nullopt;
  }

  /// The text of the next column as it is, "" for a null.
  std::string text_or_empty() { return optional(&row_reader::text).value_or(std::string{}); }

private:
  pqxx::row row_;
  int next_ = 0;
};

/// Reads PostgreSQL's ISO form of a timestamptz in UTC, `2026-03-01 17:04:05.123456+00`, cutting
/// microseconds off; anything else is nullopt.
[[nodiscard]] std::optional<domain::instant> parse_timestamp(std::string_view text) noexcept;

} // namespace spotter::persistence
