#include "gateway/http/security_headers.hpp"

namespace spotter::gateway {

namespace {

constexpr std::string_view everywhere = "X-Content-Type-Options: nosniff\r\n"
                                        "Referrer-Policy: no-referrer\r\n"
                                        "Cross-Origin-Resource-Policy: same-origin\r\n"
                                        "X-Frame-Options: DENY\r\n";

constexpr std::string_view for_pages =
  "Cross-Origin-Opener-Policy: same-origin\r\n"
  "Cross-Origin-Embedder-Policy: require-corp\r\n"
  "Permissions-Policy: accelerometer=(), bluetooth=(), camera=(), display-capture=(), "
  "geolocation=(), gyroscope=(), hid=(), magnetometer=(), microphone=(), midi=(), payment=(), "
  "serial=(), usb=()\r\n";

constexpr std::string_view page_policy =
  "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
  "connect-src 'self'; img-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
  "frame-ancestors 'none'\r\n";

constexpr std::string_view data_policy =
  "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";

constexpr std::string_view stay_secured =
  "Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n";

} // namespace

void append_security_headers(std::string& out, std::string_view content_type,
                             std::string_view given, bool secured) {
  const bool page = content_type.starts_with("text/html");
  out += everywhere;
  if (given.find("Content-Security-Policy:") == given.npos)
    out += page ? page_policy : data_policy;
  if (page)
    out += for_pages;
  if (secured)
    out += stay_secured;
}

} // namespace spotter::gateway
