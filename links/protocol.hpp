#pragma once

#include "domain/uuid.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What two nodes say before and beside the frames: who they are, and which release of the protocol
// they both speak. The layout of `hello` and `answer` is fixed for good, so that releases which have
// nothing else in common can still refuse each other politely; later ones may append to both.

namespace spotter::links {

using bytes = std::vector<std::byte>;

/// The releases of the protocol that a node speaks.
struct protocol_range {
  std::uint16_t min = 1;
  std::uint16_t max = 1;

  friend bool operator==(const protocol_range&, const protocol_range&) = default;
};

/// The newest release that both speak; nullopt if there is none.
[[nodiscard]] std::optional<std::uint16_t> choose_protocol(protocol_range ours,
                                                           protocol_range theirs) noexcept;

/// Why a connection was refused. The numbers travel: append only.
enum class refusal : std::uint8_t {
  none = 0,
  protocol = 1, // no release in common
  cluster,      // it belongs to another cluster
  name,         // the certificate does not have the claimed node id
  incarnation,  // another run of this node was meant
  malformed,    // not a hello
  self,         // it is this node itself
  crowded,      // too many connections
  certificate,  // none, or not of our CA; said by TLS, never by an answer
  slow,         // not through in time; said by nobody
};
inline constexpr std::size_t refusal_count = 10;

/// "protocol" and so on, as metrics call it.
[[nodiscard]] std::string_view to_string(refusal why) noexcept;

/// The first message of the one that dials.
struct hello {
  protocol_range protocol;
  std::string cluster_id;
  std::string node_id;
  domain::uuid incarnation;
  domain::uuid meant; // the incarnation that is to be reached
  std::string release;
};

/// What the one that was dialled says to it. With a `why` it closes the connection.
struct answer {
  refusal why = refusal::none;
  std::uint16_t chosen = 0; // the protocol's release, when not refused
  protocol_range protocol;
  std::string node_id;
  domain::uuid incarnation;
  std::string release;
  std::uint64_t window = 0; // bytes that may be sent before the first credit
  std::string words;        // the reason, for people
};

/// Neither is ever longer; texts are cut to fit.
inline constexpr std::size_t max_hello = 1024;

[[nodiscard]] bytes encode(const hello& what);
[[nodiscard]] bytes encode(const answer& what);
[[nodiscard]] std::optional<hello> decode_hello(std::span<const std::byte> payload);
[[nodiscard]] std::optional<answer> decode_answer(std::span<const std::byte> payload);

/// True for what may be a node id: a DNS name of letters, digits, '-', '_' and '.', at most 253 long,
/// that begins with a letter or digit.
[[nodiscard]] bool is_node_id(std::string_view text) noexcept;

} // namespace spotter::links
