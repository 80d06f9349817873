#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace spotter::messages {

/// Immutable text that is shared, not copied, between actors of one process: an event's JSON, a
/// rendered page. Serialises as a plain string.
class shared_text {
public:
  shared_text() = default;
  shared_text(std::string text) // NOLINT(google-explicit-constructor): text is text
    : text_(std::make_shared<const std::string>(std::move(text))) {}

  [[nodiscard]] const std::string& str() const noexcept {
    static const std::string empty;
    return text_ ? *text_ : empty;
  }
  [[nodiscard]] std::string_view view() const noexcept { return str(); }
  [[nodiscard]] bool empty() const noexcept { return str().empty(); }

  friend bool operator==(const shared_text& a, const shared_text& b) { return a.str() == b.str(); }

  template <class Inspector>
  friend bool inspect(Inspector& f, shared_text& x) {
    auto get = [&x] { return x.str(); };
    auto set = [&x](std::string text) {
      x = shared_text{std::move(text)};
      return true;
    };
    return f.apply(get, set);
  }

private:
  std::shared_ptr<const std::string> text_;
};

} // namespace spotter::messages
