#include "gateway/http/response.hpp"

#include <zlib.h>

#include <algorithm>

namespace spotter::gateway {

response& response::with(std::string_view name, std::string_view value) {
  headers += name;
  headers += ": ";
  headers += value;
  headers += "\r\n";
  return *this;
}

response ok(messages::shared_text body, std::int64_t version) {
  response out;
  out.shared = std::move(body);
  out.version = version;
  return out;
}

response no_content() {
  response out;
  out.status = 204;
  return out;
}

response to_response(const messages::failure& failure, std::string_view trace_id) {
  const auto kind = kind_of(failure.code);
  response out;
  out.status = kind.status;
  out.content_type = "application/problem+json";
  auto retry_ms = failure.retry_after_ms;
  if (kind.status == 503 || kind.status == 429) {
    retry_ms = std::max(retry_ms, 1);
    out.with("Retry-After", std::to_string((retry_ms + 999) / 1000));
  }
  if (kind.status == 401)
    out.with("WWW-Authenticate", failure.code == messages::failure_code::invalid_token
                                   ? R"(Bearer realm="spotter", error="invalid_token")"
                                   : R"(Bearer realm="spotter")");
  write_problem(out.body, kind, failure.detail, trace_id, failure.errors, failure.retry_after_ms);
  return out;
}

response to_response(http_problem problem, std::string_view detail, std::string_view trace_id) {
  const auto kind = kind_of(problem);
  response out;
  out.status = kind.status;
  out.content_type = "application/problem+json";
  if (kind.status == 401)
    out.with("WWW-Authenticate", R"(Bearer realm="spotter")");
  write_problem(out.body, kind, detail, trace_id);
  return out;
}

std::string_view reason_of(int status) noexcept {
  switch (status) {
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

std::string gzip(std::string_view text) {
  z_stream stream{};
  // 16 above the window bits asks for gzip's own framing.
  if (deflateInit2(&stream, 3, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return {};
  std::string out;
  out.resize(text.size());
  // zlib's interface predates const.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const auto result = deflate(&stream, Z_FINISH);
  const auto size = stream.total_out;
  deflateEnd(&stream);
  if (result != Z_STREAM_END)
    return {};
  out.resize(size);
  return out;
}

} // namespace spotter::gateway
