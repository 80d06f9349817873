#include "domain/uuid.hpp"

#include <chrono>
#include <cstring>
#include <stdexcept>

#include <sys/random.h>

namespace spotter::domain {

namespace {

constexpr char hex_digits[] = "0123456789abcdef";

/// Random bytes are fetched a page at a time: one system call for every 256 ids.
class random_pool {
public:
  void fill(std::uint8_t* out, std::size_t count) {
    if (position_ + count > pool_.size())
      refill();
    std::memcpy(out, pool_.data() + position_, count);
    position_ += count;
  }

private:
  void refill() {
    std::size_t done = 0;
    while (done < pool_.size()) {
      const auto n = ::getrandom(pool_.data() + done, pool_.size() - done, 0);
      if (n < 0)
        throw std::runtime_error("the operating system's random generator failed");
      done += static_cast<std::size_t>(n);
    }
    position_ = 0;
  }

  std::array<std::uint8_t, 2560> pool_{};
  std::size_t position_ = 2560;
};

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

} // namespace

bool uuid::is_nil() const noexcept {
  return *this == uuid{};
}

uuid make_uuid_v7() {
  thread_local random_pool pool;
  thread_local std::uint64_t last_ms = 0;
  thread_local std::uint16_t sequence = 0;
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                     std::chrono::system_clock::now().time_since_epoch())
                     .count();
  auto ms = static_cast<std::uint64_t>(now);
  uuid id;
  pool.fill(id.bytes.data() + 6, 10);
  // The 12 bits after the time count up within a millisecond (RFC 9562, method 1), so that a
  // thread's ids stay ordered; a full counter or a clock set back borrows from the next millisecond.
  if (ms > last_ms) {
    last_ms = ms;
    sequence = static_cast<std::uint16_t>(((id.bytes[6] << 8) | id.bytes[7]) & 0x7ff);
  } else if (++sequence > 0xfff) {
    ++last_ms;
    sequence = 0;
  }
  ms = last_ms;
  for (int i = 0; i < 6; ++i)
    id.bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
  id.bytes[6] = static_cast<std::uint8_t>(0x70 | (sequence >> 8));
  id.bytes[7] = static_cast<std::uint8_t>(sequence & 0xff);
  id.bytes[8] = static_cast<std::uint8_t>(0x80 | (id.bytes[8] & 0x3f));
  return id;
}

std::optional<uuid> parse_uuid(std::string_view text) noexcept {
  if (text.size() != 36)
    return std::nullopt;
  uuid id;
  std::size_t byte = 0;
  for (std::size_t i = 0; i < 36;) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i] != '-')
        return std::nullopt;
      ++i;
      continue;
    }
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0)
      return std::nullopt;
    id.bytes[byte++] = static_cast<std::uint8_t>((high << 4) | low);
    i += 2;
  }
  return id;
}

void append(std::string& out, const uuid& id) {
  char text[36];
  std::size_t at = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10)
      text[at++] = '-';
    text[at++] = hex_digits[id.bytes[i] >> 4];
    text[at++] = hex_digits[id.bytes[i] & 0x0f];
  }
  out.append(text, sizeof text);
}

std::string to_string(const uuid& id) {
  std::string out;
  append(out, id);
  return out;
}

} // namespace spotter::domain

std::size_t std::hash<spotter::domain::uuid>::operator()(
  const spotter::domain::uuid& id) const noexcept {
  // The last eight bytes of a UUIDv7 are random; mixing in the first eight keeps hostile
  // client-made ids that differ only there apart.
  std::uint64_t high;
  std::uint64_t low;
  std::memcpy(&high, id.bytes.data(), 8);
  std::memcpy(&low, id.bytes.data() + 8, 8);
  return static_cast<std::size_t>(low ^ (high * 0x9e3779b97f4a7c15ULL));
}
