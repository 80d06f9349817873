#pragma once

#include <string>
#include <string_view>

namespace spotter::domain {

/// `text` for HTML: as content or within quotes.
[[nodiscard]] std::string escape_html(std::string_view text);

} // namespace spotter::domain
