#pragma once

#include "links/protocol.hpp"

#include <caf/load_inspector_base.hpp>
#include <caf/save_inspector_base.hpp>

#include <array>
#include <bit>
#include <cstring>
#include <string>
#include <type_traits>

// CAF's binary format for messages, as two inspectors of our own. CAF's reader trusts its input too
// far for bytes from outside (a few bytes can ask for gigabytes of elements), and its writer loses
// very small doubles; ordinary values look the same either way, which a test checks.

namespace spotter::links {

/// Appends what it inspects to `out`. Fails, rather than grow, past `most` bytes.
class wire_writer : public caf::save_inspector_base<wire_writer> {
public:
  wire_writer(bytes& out, std::size_t most) noexcept : out_(out), most_(most) {}

  static constexpr bool has_human_readable_format() noexcept { return false; }

  bool begin_object(caf::type_id_t, caf::string_view) { return true; }
  bool end_object() { return true; }
  bool begin_field(caf::string_view) { return true; }
  bool begin_field(caf::string_view, bool is_present) { return value(is_present); }
  bool begin_field(caf::string_view, caf::span<const caf::type_id_t>, std::size_t index) {
    return value(static_cast<std::uint8_t>(index));
  }
  bool end_field() { return true; }
  bool begin_tuple(std::size_t) { return true; }
  bool end_tuple() { return true; }
  bool begin_sequence(std::size_t size);
  bool end_sequence() { return true; }

  bool value(bool x) { return value(static_cast<std::uint8_t>(x)); }
  bool value(double x) { return value(std::bit_cast<std::uint64_t>(x)); }
  bool value(caf::string_view x);
  template <class T>
  std::enable_if_t<std::is_integral_v<T>, bool> value(T x) {
    std::array<std::byte, sizeof(T)> big;
    const auto bits = static_cast<std::uint64_t>(x);
    for (std::size_t i = 0; i < sizeof(T); ++i)
      big[i] = static_cast<std::byte>(bits >> (8 * (sizeof(T) - 1 - i)));
    return append(big.data(), big.size());
  }

  using caf::save_inspector_base<wire_writer>::tuple;
  /// An id's bytes at once, not one by one.
  template <std::size_t N>
  bool tuple(const std::array<std::uint8_t, N>& x) {
    return append(reinterpret_cast<const std::byte*>(x.data()), N);
  }

private:
  bool append(const std::byte* data, std::size_t size) {
    if (most_ - out_.size() < size)
      return false;
    out_.insert(out_.end(), data, data + size);
    return true;
  }

  bytes& out_;
  std::size_t most_; // never below out_.size()
};

/// Reads what `wire_writer` wrote, and believes nothing: a size must fit into the bytes that are
/// there, elements may not take much more memory than they took bytes, and there is one way to
/// write each value.
class wire_reader : public caf::load_inspector_base<wire_reader> {
public:
  explicit wire_reader(std::span<const std::byte> in) noexcept
    : in_(in), budget_(in.size() * expansion + spare) {}

  /// Bytes that have not been read.
  [[nodiscard]] std::size_t remaining() const noexcept { return in_.size(); }

  static constexpr bool has_human_readable_format() noexcept { return false; }

  bool begin_object(caf::type_id_t, caf::string_view) { return true; }
  bool end_object() { return true; }
  bool begin_field(caf::string_view) { return true; }
  bool begin_field(caf::string_view, bool& is_present) { return value(is_present); }
  bool begin_field(caf::string_view, caf::span<const caf::type_id_t> types, std::size_t& index);
  bool end_field() { return true; }
  bool begin_tuple(std::size_t) { return true; }
  bool end_tuple() { return true; }
  bool begin_sequence(std::size_t& size);
  bool end_sequence() { return true; }

  bool value(bool& x);
  bool value(double& x);
  bool value(std::string& x);
  template <class T>
  std::enable_if_t<std::is_integral_v<T>, bool> value(T& x) {
    if (in_.size() < sizeof(T))
      return false;
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
      bits = bits << 8 | std::to_integer<std::uint64_t>(in_[i]);
    in_ = in_.subspan(sizeof(T));
    x = static_cast<T>(bits);
    return true;
  }

  template <class T>
  bool list(T& xs) {
    xs.clear();
    std::size_t size = 0;
    if (!begin_sequence(size))
      return false;
    // Each element takes a byte at least, and room in memory before its content is known.
    if (size > in_.size() || size * sizeof(typename T::value_type) > budget_)
      return false;
    budget_ -= size * sizeof(typename T::value_type);
    for (std::size_t i = 0; i < size; ++i) {
      const auto before = in_.size();
      xs.emplace_back();
      if (!caf::detail::load(*this, xs.back()) || in_.size() == before)
        return false;
    }
    return true;
  }

  using caf::load_inspector_base<wire_reader>::tuple;
  template <std::size_t N>
  bool tuple(std::array<std::uint8_t, N>& x) {
    if (in_.size() < N)
      return false;
    std::memcpy(x.data(), in_.data(), N);
    in_ = in_.subspan(N);
    return true;
  }

private:
  // An empty set takes 90 bytes on the wire and four times as much in memory.
  static constexpr std::size_t expansion = 8;
  static constexpr std::size_t spare = 64 * 1024;

  std::span<const std::byte> in_;
  std::size_t budget_; // of memory for elements
};

} // namespace spotter::links
