#pragma once

#include <string>

namespace spotter::actors::factors {

/// A QR code of `text` as a whole SVG document: shapes only, no style and no script, so that a
/// strict content security policy shows it. Empty where the text is too long for one.
[[nodiscard]] std::string make_qr_svg(const std::string& text);

} // namespace spotter::actors::factors
