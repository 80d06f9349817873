#include "domain/named_uuid.hpp"

#include <bit>

namespace spotter::domain {

namespace {

std::uint64_t load_little_endian(const std::uint8_t* bytes) noexcept {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < 8; ++i)
    word |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
  return word;
}

/// The state of SipHash; see Aumasson and Bernstein, "SipHash: a fast short-input PRF".
struct sip_state {
  std::uint64_t v0;
  std::uint64_t v1;
  std::uint64_t v2;
  std::uint64_t v3;

  void round() noexcept {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }

  void rounds(int count) noexcept {
    for (int i = 0; i < count; ++i)
      round();
  }

  void absorb(std::uint64_t word) noexcept {
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  }

  [[nodiscard]] std::uint64_t digest() const noexcept { return v0 ^ v1 ^ v2 ^ v3; }
};

void store_big_endian(std::uint64_t word, std::uint8_t* out) noexcept {
  for (std::size_t i = 0; i < 8; ++i)
    out[i] = static_cast<std::uint8_t>(word >> (56 - 8 * i));
}

} // namespace

uuid named_uuid(const uuid& space, std::string_view name) noexcept {
  const auto k0 = load_little_endian(space.bytes.data());
  const auto k1 = load_little_endian(space.bytes.data() + 8);
  sip_state state{k0 ^ 0x736f6d6570736575ULL, k1 ^ 0x646f72616e646f6dULL ^ 0xee,
                  k0 ^ 0x6c7967656e657261ULL, k1 ^ 0x7465646279746573ULL};
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    word |= static_cast<std::uint64_t>(static_cast<unsigned char>(name[i])) << (8 * (i % 8));
    if (i % 8 == 7) {
      state.absorb(word);
      word = 0;
    }
  }
  state.absorb(word | (static_cast<std::uint64_t>(name.size() & 0xff) << 56));
  state.v2 ^= 0xee;
  state.rounds(4);
  uuid id;
  store_big_endian(state.digest(), id.bytes.data());
  state.v1 ^= 0xdd;
  state.rounds(4);
  store_big_endian(state.digest(), id.bytes.data() + 8);
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | 0x80);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
  return id;
}

} // namespace spotter::domain
