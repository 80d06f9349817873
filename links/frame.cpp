#include "links/frame.hpp"

#include "links/wire_format.hpp"

#include <algorithm>

namespace spotter::links {

namespace {

void append_number(bytes& out, std::uint64_t value, int size) {
  while (size-- > 0)
    out.push_back(static_cast<std::byte>(value >> (8 * size)));
}

std::uint64_t number_of(std::span<const std::byte> in) noexcept {
  std::uint64_t sum = 0;
  for (const auto b : in)
    sum = sum << 8 | std::to_integer<std::uint64_t>(b);
  return sum;
}

void append_header(bytes& out, frame_kind kind, std::size_t size) {
  append_number(out, size, 4);
  out.push_back(static_cast<std::byte>(kind));
}

// Kept for the next frame, unless it has held a large one.
constexpr std::size_t kept_room = 64 * 1024;

} // namespace

void append_frame(bytes& out, frame_kind kind, std::span<const std::byte> payload) {
  append_header(out, kind, payload.size());
  out.insert(out.end(), payload.begin(), payload.end());
}

void append_frame(bytes& out, frame_kind kind, std::uint64_t payload) {
  append_header(out, kind, 8);
  append_number(out, payload, 8);
}

bool append_message(bytes& out, messages::peer_frame& what, std::size_t most) {
  const auto start = out.size();
  append_header(out, frame_kind::message, 0);
  wire_writer sink{out, start + header_size + most};
  if (!sink.apply(what)) {
    out.resize(start);
    return false;
  }
  const auto size = out.size() - start - header_size;
  for (std::size_t i = 0; i < 4; ++i)
    out[start + i] = static_cast<std::byte>(size >> (8 * (3 - i)));
  return true;
}

std::optional<messages::peer_frame> decode_message(std::span<const std::byte> payload) {
  std::optional<messages::peer_frame> out{std::in_place};
  wire_reader source{payload};
  if (!source.apply(*out) || source.remaining() > 0)
    return std::nullopt;
  return out;
}

std::optional<std::uint64_t> decode_number(std::span<const std::byte> payload) {
  if (payload.size() != 8)
    return std::nullopt;
  return number_of(payload);
}

bool frame_cutter::feed(std::span<const std::byte> in) {
  while (true) {
    // A frame that is there as a whole is not copied.
    const bool whole = held_.empty();
    if (!whole && held_.size() < header_size) {
      const auto part = std::min(header_size - held_.size(), in.size());
      held_.insert(held_.end(), in.begin(), in.begin() + static_cast<std::ptrdiff_t>(part));
      in = in.subspan(part);
    }
    const auto head = whole ? in : std::span<const std::byte>{held_};
    if (head.size() < header_size)
      break;
    const auto size = static_cast<std::size_t>(number_of(head.first(4)));
    const auto kind = static_cast<frame_kind>(head[4]);
    if (!judged_ && !may_come_(kind, size))
      return false;
    judged_ = true;
    if (!whole) {
      const auto part = std::min(header_size + size - held_.size(), in.size());
      held_.insert(held_.end(), in.begin(), in.begin() + static_cast<std::ptrdiff_t>(part));
      in = in.subspan(part);
    }
    const auto there = whole ? in : std::span<const std::byte>{held_};
    if (there.size() < header_size + size)
      break;
    judged_ = false;
    if (!take_(kind, there.subspan(header_size, size)))
      return false;
    if (whole)
      in = in.subspan(header_size + size);
    else if (held_.capacity() > kept_room)
      bytes{}.swap(held_);
    else
      held_.clear();
  }
  if (held_.empty())
    held_.assign(in.begin(), in.end());
  return true;
}

} // namespace spotter::links
