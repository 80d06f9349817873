#pragma once

#include "actors/messages/failure.hpp"

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Cursors of lists: the key of the last item of a page, so that the next page begins after it
// whatever came or went in between. Opaque to clients, but not secret: row-level security, not the
// cursor, decides what is seen.

namespace spotter::persistence {

/// Makes the cursor of one kind of list. Only the last part may contain '|'.
[[nodiscard]] std::string make_cursor(char kind, std::initializer_list<std::string_view> parts);

/// The parts of a cursor of that kind; nullopt for anything that `make_cursor` does not make with
/// this kind and number of parts, or that is not text.
[[nodiscard]] std::optional<std::vector<std::string>> read_cursor(char kind, std::size_t parts,
                                                                  std::string_view cursor);

/// The refusal of a cursor.
[[nodiscard]] messages::failure bad_cursor();

/// True for text that the database can hold: UTF-8 without NUL.
[[nodiscard]] bool is_storable(std::string_view text) noexcept;

/// A page's length within what is allowed.
[[nodiscard]] constexpr std::int32_t page_limit(std::int32_t wanted,
                                                std::int32_t most = 200) noexcept {
  return wanted < 1 ? 1 : wanted > most ? most : wanted;
}

} // namespace spotter::persistence
