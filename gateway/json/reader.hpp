#pragma once

#include "actors/messages/failure.hpp"
#include "domain/expected.hpp"
#include "domain/time.hpp"
#include "domain/uuid.hpp"
#include "gateway/json/padded_text.hpp"

#include <simdjson.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Reads JSON objects by tables of fields. Only the .cpp files of this folder include it: simdjson is
// a large header.

namespace spotter::gateway::json {

using value = simdjson::ondemand::value;

/// Thrown inside a parse when the text is not JSON; turned into an error in `read_document`.
struct malformed {
  std::string_view why;
};

/// A reference to something that can be called; it must outlive the call it is passed to.
template <class Signature>
class function_ref;

template <class Result, class... Args>
class function_ref<Result(Args...)> {
public:
  template <class F>
  function_ref(const F& f) // NOLINT(google-explicit-constructor): stands in for any callable
    : object_(&f), call_([](const void* object, Args... args) -> Result {
        return (*static_cast<const F*>(object))(static_cast<Args>(args)...);
      }) {}

  Result operator()(Args... args) const { return call_(object_, static_cast<Args>(args)...); }

private:
  const void* object_;
  Result (*call_)(const void*, Args...);
};

/// Collects what is wrong with the content, with the JSON pointer of the place where reading is.
class reader {
public:
  explicit reader(std::string_view prefix) : pointer_(prefix) {}

  /// Notes an error at the current place.
  void error(std::string_view code, std::string detail);

  /// Notes an error at a member of the current object.
  void error_at(std::string_view member, std::string_view code, std::string detail);

  void enter(std::string_view member);
  void enter(std::size_t index);
  void leave();

  [[nodiscard]] std::vector<messages::field_error> take_errors() { return std::move(errors_); }
  [[nodiscard]] bool clean() const noexcept { return errors_.empty(); }

private:
  std::string pointer_;
  std::vector<messages::field_error> errors_;
};

/// One member that an object may have.
struct field {
  std::string_view name;
  function_ref<void(reader&, value&)> read;
  bool required = false;
};

/// Reads the members of an object; unknown ones are errors, repeated ones are malformed.
void read_object(reader& r, simdjson::ondemand::object object, std::initializer_list<field> fields);

/// Reads a nested object; another type is an error.
void read_object(reader& r, value& v, std::initializer_list<field> fields);

/// Walks over a value of any kind, so that all of it is checked to be JSON.
void consume(value& v, int depth = 0);

/// True when nothing follows the value that was read last.
[[nodiscard]] bool at_end(simdjson::ondemand::document& document);

/// True for null, which is then consumed.
[[nodiscard]] bool is_null(value& v);

/// Text of `least` to `most` characters without U+0000.
[[nodiscard]] std::optional<std::string> read_text(reader& r, value& v, std::size_t most,
                                                   std::size_t least = 0);

[[nodiscard]] std::optional<domain::uuid> read_uuid(reader& r, value& v);
[[nodiscard]] std::optional<domain::instant> read_instant(reader& r, value& v);
[[nodiscard]] std::optional<std::string> read_time_zone(reader& r, value& v);
[[nodiscard]] std::optional<std::int64_t> read_integer(reader& r, value& v, std::int64_t least,
                                                       std::int64_t most);
[[nodiscard]] std::optional<double> read_number(reader& r, value& v, double least, double most);
[[nodiscard]] std::optional<bool> read_bool(reader& r, value& v);

/// An array of at most `most` texts.
[[nodiscard]] std::optional<std::vector<std::string>> read_texts(reader& r, value& v,
                                                                 std::size_t most,
                                                                 std::size_t longest);

/// Any object, checked, as the text that it is.
[[nodiscard]] std::optional<std::string> read_raw_object(reader& r, value& v);

/// Finds an object's text without checking it; what follows it stays readable.
[[nodiscard]] std::optional<std::string_view> find_object(reader& r, value& v);

/// Reads a whole document that must be one object. False when it is not JSON (`why` says so); other
/// errors are in `r`.
[[nodiscard]] bool read_document(reader& r, padded_text text, std::string& why,
                                 std::initializer_list<field> fields);

} // namespace spotter::gateway::json
