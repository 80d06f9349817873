#include "gateway/http/request_parser.hpp"

#include "gateway/http/header_values.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>
#include <optional>

namespace spotter::gateway {

namespace http = boost::beast::http;
using boost::beast::error_code;

namespace {

// simdjson reads up to this many bytes past the end of a body.
constexpr std::size_t body_slack = 64;

// No allocation on a client's word alone: above this the body grows as it arrives.
constexpr std::uint64_t reserve_at_once = 64 * 1024;

// Looking a header up goes through them all.
constexpr int most_lines = 128;

// Of one chunk's size and extensions with their line ends, and of all extensions of a body.
constexpr std::size_t most_chunk_header = 256;
constexpr std::size_t most_extensions = 4 * 1024;

// The shortest end of a chunked body: 0, two line ends. Beast breaks when the last chunk comes in less.
constexpr std::size_t least_chunk_header = 5;

verb to_verb(http::verb method) noexcept {
  switch (method) {
    case http::verb::get:
      return verb::get;
    case http::verb::head:
      return verb::head;
    case http::verb::post:
      return verb::post;
    case http::verb::patch:
      return verb::patch;
    case http::verb::put:
      return verb::put;
    case http::verb::delete_:
      return verb::del;
    case http::verb::options:
      return verb::options;
    default:
      return verb::other;
  }
}

/// A line that begins with a blank continues the one before: readers disagree on what it means.
bool has_folded_line(std::string_view head) noexcept {
  for (auto at = head.find("\r\n"); at != head.npos && at + 2 < head.size();
       at = head.find("\r\n", at + 2))
    if (head[at + 2] == ' ' || head[at + 2] == '\t')
      return true;
  return false;
}

/// Whether a target has only what can stand in one. Readers differ in what they make of the rest: a
/// backslash is a slash to some, and what follows a number sign nothing.
bool is_plain(std::string_view target) noexcept {
  return std::all_of(target.begin(), target.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '#' && c != '\\' && c != '"' && c != '<' && c != '>';
  });
}

/// Turns the absolute form into the origin form; its authority, or nullopt for what is no target.
std::optional<std::string> split_authority(std::string& target, bool may_be_any) {
  if (target.starts_with('/') || (may_be_any && target == "*"))
    return std::string{};
  const auto scheme = target.find("://");
  if (scheme == target.npos
      || (!same_text(target.substr(0, scheme), "http")
          && !same_text(target.substr(0, scheme), "https")))
    return std::nullopt;
  const auto path = std::min(target.find_first_of("/?", scheme + 3), target.size());
  auto authority = target.substr(scheme + 3, path - scheme - 3);
  target.erase(0, path);
  if (!target.starts_with('/'))
    target.insert(0, 1, '/');
  return authority.empty() ? std::nullopt : std::optional{std::move(authority)};
}

/// A length as everybody reads it: digits, and few enough.
bool is_length(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 18
         && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

} // namespace

class request_parser::parser : public http::basic_parser<true> {
public:
  request current;
  http_problem problem = http_problem::malformed_request;
  std::size_t target_limit = 0;
  bool refused = false; // `problem` says why
  bool seen = false;
  std::size_t head_bytes = 0;
  std::size_t extension_bytes = 0;
  std::string authority; // of a target in absolute form
  std::uint64_t chunk_left = 0;
  bool chunk_begun = false;
  bool has_head = false;
  int lines = 0;
  int hosts = 0;
  int lengths = 0;

private:
  error_code refuse(http_problem why) {
    problem = why;
    refused = true;
    return http::error::bad_value;
  }

  void on_request_impl(http::verb method, boost::beast::string_view,
                       boost::beast::string_view target, int version, error_code& ec) override {
    current.method = to_verb(method);
    if (target.size() > target_limit) {
      ec = refuse(http_problem::target_too_long);
      return;
    }
    if (version != 10 && version != 11) {
      ec = refuse(http_problem::version_unsupported);
      return;
    }
    current.minor_version = version - 10;
    current.target.assign(target.data(), target.size());
    auto named = is_plain(current.target)
                   ? split_authority(current.target, current.method == verb::options)
                   : std::nullopt;
    if (named)
      authority = std::move(*named);
    else
      ec = refuse(http_problem::malformed_request);
  }

  void on_response_impl(int, boost::beast::string_view, int, error_code&) override {}

  void on_field_impl(http::field name, boost::beast::string_view text,
                     boost::beast::string_view value, error_code& ec) override {
    const std::string_view v{value.data(), value.size()};
    // After the head these are trailers, which would become headers that nobody has judged.
    if (has_head) {
      ec = refuse(http_problem::malformed_request);
      return;
    }
    if (++lines > most_lines) {
      ec = refuse(http_problem::header_too_large);
      return;
    }
    switch (name) {
      case http::field::host:
        if (++hosts > 1 || !is_host(v))
          ec = refuse(http_problem::malformed_request);
        break;
      case http::field::content_length:
        if (++lengths > 1 || !is_length(v))
          ec = refuse(http_problem::malformed_request);
        break;
      case http::field::transfer_encoding:
        if (!same_text(v, "chunked"))
          ec = refuse(http_problem::not_implemented);
        else if (current.minor_version == 0)
          ec = refuse(http_problem::malformed_request);
        break;
      case http::field::expect:
        if (!same_text(v, "100-continue"))
          ec = refuse(http_problem::expectation_failed);
        else
          current.expects_continue = true;
        break;
      default:
        break;
    }
    current.add_header({text.data(), text.size()}, v);
  }

  void on_header_impl(error_code& ec) override {
    has_head = true;
    const bool no_host = hosts == 0 && current.minor_version == 1;
    const bool other_host =
      !authority.empty() && hosts > 0 && !same_text(authority, current.header("host"));
    if (no_host || other_host || (!authority.empty() && !is_host(authority))) {
      ec = refuse(http_problem::malformed_request);
      return;
    }
    current.keep_alive = keep_alive();
    current.has_body = chunked() || content_length_remaining().value_or(0) > 0;
    if (const auto length = content_length())
      current.content_length = *length;
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    if (length)
      current.body.reserve(std::min(*length, reserve_at_once) + body_slack);
  }

  std::size_t on_body_impl(boost::beast::string_view body, error_code&) override {
    append(body);
    return body.size();
  }

  void on_chunk_header_impl(std::uint64_t size, boost::beast::string_view extensions,
                            error_code& ec) override {
    chunk_begun = true;
    chunk_left = size;
    extension_bytes += extensions.size();
    if (extension_bytes > most_extensions)
      ec = refuse(http_problem::malformed_request);
  }

  std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view body,
                                 error_code&) override {
    append(body);
    chunk_left -= body.size();
    return body.size();
  }

  void on_finish_impl(error_code&) override {
    current.body.reserve(current.body.size() + body_slack);
  }

  void append(boost::beast::string_view body) { current.body.append(body.data(), body.size()); }
};

request_parser::request_parser(std::size_t header_limit, std::size_t target_limit)
  : header_limit_(header_limit), target_limit_(target_limit) {
  reset();
}

request_parser::~request_parser() = default;

void request_parser::reset() {
  parser_ = std::make_unique<parser>();
  parser_->target_limit = target_limit_;
  // In steps: the body's limit is known only after the head, and a chunk's header has one of its own.
  parser_->eager(false);
  parser_->header_limit(static_cast<std::uint32_t>(header_limit_));
  // The limit is known only once the head says which route it is for.
  parser_->body_limit(boost::none);
}

request_parser::step request_parser::feed(std::string_view bytes, std::size_t& used) {
  auto& p = *parser_;
  p.seen = p.seen || !bytes.empty();
  std::size_t at = 0;
  // Beast takes the head, each chunk's header and each run of body in steps of their own.
  while (!p.is_done()) {
    const bool head_before = p.is_header_done();
    p.chunk_begun = false;
    error_code ec;
    const auto rest = bytes.substr(at);
    if (rest.empty()
        || (head_before && p.chunked() && p.chunk_left == 0 && rest.size() < least_chunk_header))
      return step::need_more;
    const auto n = p.put(boost::asio::const_buffer{rest.data(), rest.size()}, ec);
    at += n;
    used += n;
    if (!head_before) {
      p.head_bytes += n;
      if (has_folded_line(rest.substr(0, n))) {
        p.problem = http_problem::malformed_request;
        return step::failed;
      }
      if (p.head_bytes > header_limit_) {
        p.problem = http_problem::header_too_large;
        return step::failed;
      }
    }
    // What is left of a body is the beginning of a chunk's header.
    const auto chunk_header = p.chunk_begun ? n : rest.size() - n;
    if (head_before && (p.chunk_begun || ec == http::error::need_more)
        && chunk_header > most_chunk_header) {
      p.problem = http_problem::malformed_request;
      return step::failed;
    }
    if (ec == http::error::need_more)
      return step::need_more;
    if (ec) {
      if (!p.refused) {
        if (ec == http::error::header_limit)
          p.problem = p.head_bytes == 0 && rest.substr(0, target_limit_).find("\r\n") == rest.npos
                        ? http_problem::target_too_long
                        : http_problem::header_too_large;
        else if (ec == http::error::body_limit || ec == http::error::buffer_overflow)
          p.problem = http_problem::too_large;
        else if (ec == http::error::bad_version)
          p.problem = http_problem::version_unsupported;
        else
          p.problem = http_problem::malformed_request;
      }
      return step::failed;
    }
    if (!head_before && p.is_header_done())
      return p.is_done() ? step::done : step::head;
  }
  return step::done;
}

void request_parser::body_limit(std::uint64_t bytes) {
  parser_->body_limit(bytes);
}

bool request_parser::started() const noexcept {
  return parser_->seen;
}

request& request_parser::current() noexcept {
  return parser_->current;
}

http_problem request_parser::problem() const noexcept {
  return parser_->problem;
}

} // namespace spotter::gateway
