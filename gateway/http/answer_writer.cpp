#include "gateway/http/connection.hpp"
#include "gateway/http/security_headers.hpp"
#include "gateway/worker.hpp"

#include <boost/asio/redirect_error.hpp>

#include <algorithm>
#include <cstdio>

namespace spotter::gateway {

namespace {

constexpr std::size_t gzip_from = 1'024;
constexpr std::size_t inline_content = 16 * 1'024; // copied behind the head: one write

/// True when an If-None-Match header names the tag (or any).
bool names_tag(std::string_view header, std::string_view etag) noexcept {
  if (header == "*")
    return true;
  for (auto at = header.find(etag); at != header.npos; at = header.find(etag, at + 1))
    if (at > 0 && header[at - 1] == '"' && at + etag.size() < header.size()
        && header[at + etag.size()] == '"')
      return true;
  return false;
}

std::string etag_of(const response& what) {
  if (!what.etag.empty())
    return what.etag;
  return what.version > 0 ? std::to_string(what.version) : std::string{};
}

} // namespace

void http_connection::add_cors(std::string& out) {
  const auto& allowed = at_.common().config.allowed_origins;
  if (allowed.empty())
    return;
  const auto& req = parser_.current();
  const auto origin = req.header("origin");
  out += "Vary: Origin\r\n";
  if (origin.empty() || std::find(allowed.begin(), allowed.end(), origin) == allowed.end())
    return;
  ((out += "Access-Control-Allow-Origin: ") += origin) += "\r\n";
  if (req.method == verb::options && req.has_header("access-control-request-method"))
    out += "Access-Control-Allow-Methods: GET, HEAD, POST, PATCH, DELETE\r\n"
           "Access-Control-Allow-Headers: Authorization, Content-Type, Idempotency-Key, If-Match, "
           "If-None-Match, Last-Event-ID, traceparent, X-Request-Id\r\n"
           "Access-Control-Max-Age: 600\r\n";
  else
    out += "Access-Control-Expose-Headers: ETag, Idempotency-Replayed, Location, RateLimit, "
           "RateLimit-Policy, Retry-After, Server-Timing, X-Request-Id\r\n";
}

void http_connection::compose_head(std::string& out, const response& what, std::string_view content,
                                   bool close, bool compressed) {
  const auto& req = parser_.current();
  char line[96];
  out += "HTTP/1.1 ";
  out += std::to_string(what.status);
  ((out += ' ') += reason_of(what.status)) += "\r\n";
  const bool bare = what.status == 204 || what.status == 304 || what.status == 101;
  if (!bare && what.next != response::takeover::sse) {
    out += "Content-Length: ";
    out += std::to_string(content.size());
    out += "\r\n";
  }
  if (!bare && !content.empty())
    ((out += "Content-Type: ") += what.content_type) += "\r\n";
  if (compressed)
    out += "Content-Encoding: gzip\r\n";
  if (content.size() > gzip_from || compressed)
    out += "Vary: Accept-Encoding\r\n";
  if (const auto etag = etag_of(what); !etag.empty() && what.status < 400)
    ((out += "ETag: \"") += etag) += "\"\r\n";
  if (what.headers.find("Cache-Control:") == what.headers.npos && !bare)
    out += "Cache-Control: no-store\r\n";
  out += what.headers;
  out += rate_headers_;
  add_cors(out);
  ((out += "Date: ") += at_.http_date()) += "\r\n";
  ((out += "X-Request-Id: ") += request_id_) += "\r\n";
  const std::chrono::duration<double, std::milli> took = steady::now() - request_began_;
  const int n = std::snprintf(line, sizeof line, "Server-Timing: total;dur=%.2f\r\n", took.count());
  out.append(line, static_cast<std::size_t>(n));
  append_security_headers(out, what.content_type, what.headers, secured_);
  if (what.next == response::takeover::none) {
    if (close)
      out += "Connection: close\r\n";
    else if (req.minor_version == 0)
      out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
}

awaitable<bool> http_connection::write(const response& given, bool close) {
  const auto& req = parser_.current();
  auto content = given.content();
  response unchanged;
  const auto* what = &given;
  if (given.status == 200 && (req.method == verb::get || req.method == verb::head)) {
    const auto wanted = req.header("if-none-match");
    if (!wanted.empty())
      if (const auto etag = etag_of(given); !etag.empty() && names_tag(wanted, etag)) {
        unchanged.status = 304;
        unchanged.etag = etag;
        unchanged.headers = given.headers;
        // Browsers put the headers of this answer in place of those that they have.
        unchanged.content_type = given.content_type;
        what = &unchanged;
        content = {};
      }
  }
  std::string packed;
  if (content.size() > gzip_from && lists_token(req.header("accept-encoding"), "gzip")
      && given.headers.find("Content-Encoding:") == given.headers.npos
      && !given.content_type.starts_with("image/p") && given.content_type != "application/zip") {
    // What is the same for everybody is packed once: who asks again and again would cost us the more.
    if (given.packed.empty())
      packed = gzip(content);
    if (!given.packed.empty())
      content = given.packed.view();
    else if (!packed.empty())
      content = packed;
  }
  const bool compressed = !content.empty() && content.data() != given.content().data();
  std::string head;
  head.reserve(512 + (content.size() <= inline_content ? content.size() : 0));
  compose_head(head, *what, content, close, compressed);
  if (req.method == verb::head)
    content = {};
  if (content.size() <= inline_content) {
    head += content;
    content = {};
  }
  const auto& limits = at_.common().config.limits;
  written_until_ =
    steady::now() + limits.body_timeout
    + std::chrono::seconds{(head.size() + content.size()) / limits.body_bytes_per_second};
  enter(phase::writing);
  co_return co_await write_all(head, content);
}

awaitable<bool> http_connection::write_all(std::string_view head, std::string_view content) {
  while (!head.empty() || !content.empty()) {
    // The casts undo constness that the kernel's interface lacks.
    const iovec parts[2] = {{const_cast<char*>(head.data()), head.size()},
                            {const_cast<char*>(content.data()), content.size()}};
    const auto first = head.empty() ? 1u : 0u;
    const auto count = content.empty() ? 1u : 2u - first;
    const auto result = stream_.write(std::span<const iovec>{parts + first, count});
    if (result.state == io_state::done) {
      const auto from_head = std::min(result.bytes, head.size());
      head.remove_prefix(from_head);
      content.remove_prefix(result.bytes - from_head);
      if (phase_ == phase::writing)
        enter(phase::writing);
      continue;
    }
    if (result.state == io_state::closed || expired_)
      co_return false;
    boost::system::error_code ec;
    co_await stream_.socket().async_wait(
      result.state == io_state::want_read ? tcp_socket::wait_read : tcp_socket::wait_write,
      net::redirect_error(use_awaitable, ec));
    if (ec)
      co_return false;
  }
  co_return true;
}

} // namespace spotter::gateway
