#pragma once

#include <utility>
#include <variant>

namespace spotter::domain {

/// A value, or the reason why there is none. Reading the one that is not there throws
/// std::bad_variant_access. Gives way to std::expected when the compilers have it.
template <class T, class E>
class expected {
public:
  expected(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  expected(E error) : content_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool has_value() const noexcept { return content_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  [[nodiscard]] T& operator*() & { return std::get<0>(content_); }
  [[nodiscard]] const T& operator*() const& { return std::get<0>(content_); }
  [[nodiscard]] T&& operator*() && { return std::get<0>(std::move(content_)); }
  [[nodiscard]] T* operator->() { return &std::get<0>(content_); }
  [[nodiscard]] const T* operator->() const { return &std::get<0>(content_); }

  [[nodiscard]] const E& error() const { return std::get<1>(content_); }

private:
  std::variant<T, E> content_;
};

} // namespace spotter::domain
