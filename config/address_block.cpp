#include "config/address_block.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace spotter::config {

namespace {

constexpr unsigned all_bits = 128;
constexpr unsigned bits_before_ipv4 = 96;

bool bit_of(const address_bytes& address, std::size_t bit) noexcept {
  return ((address[bit / 8] >> (7 - bit % 8)) & 1) != 0;
}

} // namespace

std::optional<address_bytes> parse_address(std::string_view text) {
  if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != text.npos)
    return std::nullopt;
  const std::string terminated{text};
  address_bytes out{};
  if (text.find(':') != text.npos) {
    if (inet_pton(AF_INET6, terminated.c_str(), out.data()) != 1)
      return std::nullopt;
    return out;
  }
  out[10] = out[11] = 0xff;
  if (inet_pton(AF_INET, terminated.c_str(), out.data() + 12) != 1)
    return std::nullopt;
  return out;
}

std::optional<address_block> address_block::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = text.substr(0, slash);
  const auto first = parse_address(address);
  if (!first)
    return std::nullopt;
  address_block out;
  out.first_ = *first;
  out.bits_ = all_bits;
  if (slash != text.npos) {
    const unsigned before = address.find(':') == address.npos ? bits_before_ipv4 : 0;
    const auto digits = text.substr(slash + 1);
    unsigned given = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), given);
    if (failed != std::errc{} || end != digits.data() + digits.size() || given > all_bits - before)
      return std::nullopt;
    out.bits_ = before + given;
  }
  for (std::size_t bit = out.bits_; bit < all_bits; ++bit)
    if (bit_of(out.first_, bit))
      return std::nullopt;
  return out;
}

bool address_block::contains(const address_bytes& address) const noexcept {
  for (std::size_t bit = 0; bit < bits_; ++bit)
    if (bit_of(first_, bit) != bit_of(address, bit))
      return false;
  return true;
}

} // namespace spotter::config
