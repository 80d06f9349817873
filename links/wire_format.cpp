#include "links/wire_format.hpp"

namespace spotter::links {

bool wire_writer::begin_sequence(std::size_t size) {
  if (size > UINT32_MAX)
    return false;
  for (; size > 0x7f; size >>= 7)
    if (!value(static_cast<std::uint8_t>(size | 0x80)))
      return false;
  return value(static_cast<std::uint8_t>(size));
}

bool wire_writer::value(caf::string_view x) {
  return begin_sequence(x.size()) && append(reinterpret_cast<const std::byte*>(x.data()), x.size());
}

bool wire_reader::begin_field(caf::string_view, caf::span<const caf::type_id_t> types,
                              std::size_t& index) {
  std::uint8_t raw = 0;
  index = types.size();
  if (!value(raw) || raw >= types.size())
    return false;
  index = raw;
  return true;
}

bool wire_reader::begin_sequence(std::size_t& size) {
  std::uint64_t sum = 0;
  std::uint8_t low = 0x80;
  for (int shift = 0; low & 0x80; shift += 7) {
    // Five bytes hold any size; a last byte of zero would be a second way to write it.
    if (shift > 28 || !value(low) || (shift > 0 && low == 0))
      return false;
    sum |= static_cast<std::uint64_t>(low & 0x7f) << shift;
  }
  size = sum;
  return sum <= UINT32_MAX;
}

bool wire_reader::value(bool& x) {
  std::uint8_t raw = 0;
  if (!value(raw) || raw > 1)
    return false;
  x = raw == 1;
  return true;
}

bool wire_reader::value(double& x) {
  std::uint64_t raw = 0;
  if (!value(raw))
    return false;
  x = std::bit_cast<double>(raw);
  return true;
}

bool wire_reader::value(std::string& x) {
  std::size_t size = 0;
  if (!begin_sequence(size) || size > in_.size())
    return false;
  x.assign(reinterpret_cast<const char*>(in_.data()), size);
  in_ = in_.subspan(size);
  return true;
}

} // namespace spotter::links
