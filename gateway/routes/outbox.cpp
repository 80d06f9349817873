#include "domain/html.hpp"
#include "domain/json.hpp"
#include "gateway/routes/answers.hpp"

// What would be mailed, shown to whoever sits at this machine. The letters hold tokens, so the page is
// there for loopback only, and only on a server that is being tried out (the port is empty else).

namespace spotter::gateway {

namespace {

bool is_loopback(std::string_view address) noexcept {
  return address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127.");
}

/// Host names that can't be another page's, whatever its name resolves to.
bool is_local_host(std::string_view host) noexcept {
  if (host.starts_with('['))
    return host.starts_with("[::1]");
  const auto name = host.substr(0, host.find(':'));
  return name == "localhost" || name == "127.0.0.1";
}

/// Whether a proxy shows that it is one: by a header, or by the HTTP/1.0 that nginx speaks unless told
/// otherwise. One that hides is why the port is empty on all but servers that are being tried out.
bool is_passed_on(const request& req) {
  if (req.minor_version == 0)
    return true;
  for (const auto* name : {"forwarded", "via", "x-forwarded-for", "x-forwarded-host",
                           "x-forwarded-proto", "x-real-ip"})
    if (req.has_header(name))
      return true;
  return false;
}

/// The text with its links as links.
void append_text(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const auto begin = std::min(text.find("http://"), text.find("https://"));
    out += domain::escape_html(text.substr(0, begin));
    if (begin == text.npos)
      return;
    text.remove_prefix(begin);
    const auto link = text.substr(0, text.find_first_of(" \r\n"));
    out += "<a href=\"";
    out += domain::escape_html(link);
    out += "\">";
    out += domain::escape_html(link);
    out += "</a>";
    text.remove_prefix(link.size());
  }
}

std::string page_of(const std::vector<messages::outbox_letter>& letters) {
  std::string out = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                    "<title>Outbox</title><link rel=\"stylesheet\" href=\"/docs/docs.css\">"
                    "</head><body><main><h1>Outbox</h1>"
                    "<p>No mail server is set, so letters stay here: the last hundred, until the "
                    "server stops. Only this machine can see them.</p>";
  if (letters.empty())
    out += "<p>There are no letters yet.</p>";
  for (const auto& letter : letters) {
    out += "<article><h2>";
    out += domain::escape_html(letter.subject);
    out += "</h2><p>To <strong>";
    out += domain::escape_html(letter.recipient);
    out += "</strong>, <time>";
    out += domain::escape_html(letter.at);
    out += "</time></p><pre>";
    append_text(out, letter.text);
    out += "</pre></article>";
  }
  return out + "</main></body></html>";
}

std::string json_of(const std::vector<messages::outbox_letter>& letters) {
  std::string out;
  domain::json_writer json{out};
  json.begin_object().key("letters").begin_array();
  for (const auto& letter : letters)
    json.begin_object()
      .member("at", std::string_view{letter.at})
      .member("to", std::string_view{letter.recipient})
      .member("subject", std::string_view{letter.subject})
      .member("text", std::string_view{letter.text})
      .end_object();
  json.end_array().end_object();
  return out;
}

// GET /outbox
awaitable<response> get_outbox(call& c) {
  const auto& mailer = c.at.common().ports.outbox;
  const bool local = is_loopback(c.address) && is_local_host(c.req.header("host"));
  if (!mailer || !local || is_passed_on(c.req))
    co_return to_response(http_problem::unknown_path, "There is nothing at this path.", c.trace_id);
  auto waiting = ask<messages::outbox_page>(c, mailer, messages::get_outbox{},
                                            c.at.common().config.limits.ask_timeout,
                                            messages::failure_code::unavailable);
  const auto page = co_await std::move(waiting);
  if (!page)
    co_return to_response(page.error(), c.trace_id);
  response out;
  if (c.req.header("accept").find("application/json") != std::string_view::npos) {
    out.body = json_of(page->letters);
    co_return out;
  }
  out.content_type = "text/html; charset=utf-8";
  out.body = page_of(page->letters);
  out.with("Content-Security-Policy",
           "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
           "frame-ancestors 'none'");
  co_return out;
}

constexpr route rows[] = {
  {verb::get, "/outbox", get_outbox, false},
};

} // namespace

std::span<const route> outbox_routes() {
  return rows;
}

} // namespace spotter::gateway
