#pragma once

#include "domain/time.hpp"
#include "domain/uuid.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace spotter::persistence {

/// One-dimensional PostgreSQL array in the binary wire format (array_send), built by appending.
/// A fifth cheaper for the server than the text form, and there is nothing to quote.
template <class T>
class binary_array;

/// How one element type looks on the wire: its OID and its bytes in network order.
template <class T>
struct wire;

namespace detail {

template <class Integer>
void put(std::string& out, Integer value) {
  const auto raw = static_cast<std::uint64_t>(value);
  char bytes[sizeof(Integer)];
  for (std::size_t i = 0; i < sizeof(Integer); ++i)
    bytes[i] = static_cast<char>((raw >> (8 * (sizeof(Integer) - 1 - i))) & 0xff);
  out.append(bytes, sizeof(Integer));
}

template <class Integer>
void put_element(std::string& out, Integer value) {
  put(out, static_cast<std::int32_t>(sizeof(Integer)));
  put(out, value);
}

inline void put_element(std::string& out, std::string_view bytes) {
  put(out, static_cast<std::int32_t>(bytes.size()));
  out.append(bytes);
}

} // namespace detail

template <>
struct wire<domain::uuid> {
  static constexpr std::int32_t oid = 2950;
  static void append(std::string& out, const domain::uuid& id) {
    detail::put_element(
      out, std::string_view{reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
  }
};

template <>
struct wire<bool> {
  static constexpr std::int32_t oid = 16;
  static void append(std::string& out, bool x) {
    detail::put_element(out, std::string_view{x ? "\x01" : "\0", 1});
  }
};

template <>
struct wire<std::int16_t> {
  static constexpr std::int32_t oid = 21;
  static void append(std::string& out, std::int16_t x) { detail::put_element(out, x); }
};

template <>
struct wire<std::int32_t> {
  static constexpr std::int32_t oid = 23;
  static void append(std::string& out, std::int32_t x) { detail::put_element(out, x); }
};

template <>
struct wire<std::int64_t> {
  static constexpr std::int32_t oid = 20;
  static void append(std::string& out, std::int64_t x) { detail::put_element(out, x); }
};

template <>
struct wire<float> {
  static constexpr std::int32_t oid = 700;
  static void append(std::string& out, float x) {
    detail::put_element(out, std::bit_cast<std::int32_t>(x));
  }
};

template <>
struct wire<double> {
  static constexpr std::int32_t oid = 701;
  static void append(std::string& out, double x) {
    detail::put_element(out, std::bit_cast<std::int64_t>(x));
  }
};

/// timestamptz: microseconds since 2000-01-01.
template <>
struct wire<domain::instant> {
  static constexpr std::int32_t oid = 1184;
  static void append(std::string& out, domain::instant at) {
    constexpr std::int64_t unix_ms_of_2000 = 946'684'800'000;
    detail::put_element(out, (domain::to_millis(at) - unix_ms_of_2000) * 1000);
  }
};

template <>
struct wire<std::string_view> {
  static constexpr std::int32_t oid = 25;
  static void append(std::string& out, std::string_view text) { detail::put_element(out, text); }
};

/// A text that is JSON, as `json`.
struct json_text {
  std::string_view text;
};

template <>
struct wire<json_text> {
  static constexpr std::int32_t oid = 114;
  static void append(std::string& out, json_text x) { detail::put_element(out, x.text); }
};

/// A text that is JSON, as `jsonb` (its wire form begins with the version byte 1).
struct jsonb_text {
  std::string_view text;
};

template <>
struct wire<jsonb_text> {
  static constexpr std::int32_t oid = 3802;
  static void append(std::string& out, jsonb_text x) {
    detail::put(out, static_cast<std::int32_t>(x.text.size() + 1));
    out += '\x01';
    out.append(x.text);
  }
};

template <class T>
class binary_array {
public:
  binary_array() { reset(); }

  /// Appends an element.
  void add(const T& x) {
    wire<T>::append(bytes_, x);
    ++count_;
  }

  /// Appends an element, NULL if empty.
  template <class U>
  void add(const std::optional<U>& x) {
    if (x)
      add(static_cast<T>(*x));
    else
      add_null();
  }

  void add_null() {
    detail::put(bytes_, std::int32_t{-1});
    ++count_;
    has_null_ = true;
  }

  [[nodiscard]] std::int32_t size() const noexcept { return count_; }

  /// The array's bytes, valid until the next change.
  [[nodiscard]] std::string_view bytes() {
    std::string header;
    detail::put(header, std::int32_t{count_ == 0 ? 0 : 1});
    detail::put(header, std::int32_t{has_null_ ? 1 : 0});
    detail::put(header, wire<T>::oid);
    if (count_ == 0) {
      empty_ = header;
      return empty_;
    }
    detail::put(header, count_);
    detail::put(header, std::int32_t{1});
    std::memcpy(bytes_.data(), header.data(), header.size());
    return bytes_;
  }

  /// Empties the array, keeping its memory.
  void clear() {
    bytes_.clear();
    reset();
  }

private:
  static constexpr std::size_t header_size = 20;

  void reset() {
    bytes_.assign(header_size, '\0');
    count_ = 0;
    has_null_ = false;
  }

  std::string bytes_;
  std::string empty_;
  std::int32_t count_ = 0;
  bool has_null_ = false;
};

} // namespace spotter::persistence
