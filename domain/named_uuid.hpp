#pragma once

#include "domain/uuid.hpp"

#include <string_view>

namespace spotter::domain {

/// The UUID that belongs to `name` within `space`: the same two always give the same id, on every
/// machine and in every release, and two names never meet in practice (122 bits).
///
/// A UUIDv8 (RFC 9562) whose bits are SipHash-2-4 with 128 bits of output over the bytes of `name`,
/// keyed with the 16 bytes of `space`; its first word gives bytes 0 to 7 and its second bytes 8 to
/// 15, both big-endian, before version and variant are set. Ids made so are stored: this function
/// must never change.
[[nodiscard]] uuid named_uuid(const uuid& space, std::string_view name) noexcept;

} // namespace spotter::domain
