#pragma once

#include "actors/messages/read.hpp"
#include "domain/json.hpp"

#include <string>
#include <utility>
#include <variant>

// How answers to `messages::read` are put together.

namespace spotter::persistence {

/// What a read gives: a rendered answer or a refusal.
using read_result = std::variant<messages::rendered, messages::failure>;

/// A rendered answer.
[[nodiscard]] inline messages::rendered render(std::string body, std::int64_t version = 0) {
  return {version, messages::shared_text{std::move(body)}};
}

/// `what` is a noun: "there is no such workout".
[[nodiscard]] inline messages::failure missing(std::string_view what) {
  return {messages::failure_code::not_found, "there is no such " + std::string{what}, {}, 0};
}

/// Writes `{"items":[…],"next_cursor":…}` as its items come.
class list_writer {
public:
  explicit list_writer(std::size_t expected_items = 50) {
    text_.reserve(64 + 320 * expected_items);
    json_.begin_object().key("items").begin_array();
  }

  list_writer(const list_writer&) = delete;
  list_writer& operator=(const list_writer&) = delete;

  /// Where to write the next item, as one value.
  domain::json_writer& item() { return json_; }

  /// Ends the list; an empty cursor is the end of all.
  [[nodiscard]] messages::rendered finish(std::string_view next_cursor) {
    json_.end_array().key("next_cursor");
    next_cursor.empty() ? json_.null() : json_.value(next_cursor);
    json_.end_object();
    return render(std::move(text_));
  }

private:
  std::string text_;
  domain::json_writer json_{text_};
};

} // namespace spotter::persistence
