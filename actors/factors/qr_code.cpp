#include "actors/factors/qr_code.hpp"

#include <qrencode.h>

#include <memory>

namespace spotter::actors::factors {

namespace {

constexpr int quiet = 4; // modules around it, as scanners need them

} // namespace

std::string make_qr_svg(const std::string& text) {
  const std::unique_ptr<QRcode, void (*)(QRcode*)> code{
    QRcode_encodeString(text.c_str(), 0, QR_ECLEVEL_M, QR_MODE_8, 1), QRcode_free};
  if (!code)
    return {};
  const auto size = std::to_string(code->width + 2 * quiet);
  std::string out =
    R"(<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="QR code" viewBox="0 0 )"
    + size + ' ' + size + R"("><path fill="#fff" d="M0 0h)" + size + 'v' + size
    + "H0z\"/><path fill=\"#000\" d=\"";
  // One bar for each run of dark modules in a row.
  for (int y = 0; y < code->width; ++y)
    for (int x = 0; x < code->width; ++x) {
      const auto* row = code->data + static_cast<std::ptrdiff_t>(y) * code->width;
      if ((row[x] & 1) == 0)
        continue;
      int end = x;
      while (end < code->width && (row[end] & 1) != 0)
        ++end;
      const auto run = std::to_string(end - x);
      out += 'M' + std::to_string(x + quiet) + ' ' + std::to_string(y + quiet) + 'h' + run + "v1h-"
             + run + 'z';
      x = end;
    }
  return out + "\"/></svg>";
}

} // namespace spotter::actors::factors
