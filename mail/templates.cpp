#include "mail/templates.hpp"

#include "domain/html.hpp"

#include <fmt/format.h>

#include <vector>

namespace spotter::mail {

namespace {

/// A letter as paragraphs, from which both forms are made.
struct draft {
  std::string subject;
  std::vector<std::string> before;
  std::string link; // empty: none
  std::string label;
  std::string code; // the token by itself, for whoever can't follow the link
  std::vector<std::string> after;
};

// One line, and not a long one: a name or device is what somebody else has chosen.
std::string one_line(std::string_view text) {
  constexpr std::size_t most = 120;
  std::string out;
  for (const char c : text.substr(0, most))
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xc0u) == 0x80u)
    out.pop_back();
  if (!out.empty() && static_cast<unsigned char>(out.back()) >= 0xc0u)
    out.pop_back();
  return out;
}

constexpr const char* not_you =
  "If this was not you, somebody may know your password: set a new one now, which signs out all "
  "devices.";

std::optional<draft> make_draft(const messages::send_letter& about, std::string_view url) {
  draft d;
  const auto link = [&](std::string_view what) {
    d.code = about.token; // for those whose mail program shows no links
    return fmt::format("{}/account.html#{}={}", url, what, about.token);
  };
  const auto& kind = about.template_name;
  if (kind == "verification") {
    d.subject = "Confirm your address";
    d.before = {"please confirm that this address is yours."};
    d.link = link("verify");
    d.label = "Confirm the address";
    d.after = {"The link works once, within ten minutes. If it is too late, ask for another one in "
               "the app.",
               "If you have no account with us, somebody mistyped their address: do nothing."};
  } else if (kind == "address_confirmation") {
    d.subject = "Confirm your new address";
    d.before = {"you want to use this address for your account. Please confirm that it is yours; "
                "until then nothing changes."};
    d.link = link("verify");
    d.label = "Use this address";
    d.after = {"The link works once, within ten minutes.",
               "If you have not asked for this, do nothing."};
  } else if (kind == "recovery") {
    d.subject = "Set a new password";
    d.before = {"somebody asked to set a new password for your account."};
    d.link = link("recovery");
    d.label = "Set a new password";
    d.after = {"The link works once, within ten minutes. A new password signs out all devices; a "
               "second factor is still asked for.",
               "If you have not asked for this, do nothing: your password stays as it is."};
  } else if (kind == "address_changed") {
    d.subject = "Your address was changed";
    d.before = {
      fmt::format("your account uses the address {} from now on.", one_line(about.address)),
      "If this was not you, answer to this mail at once: somebody has access to your "
      "account."};
  } else if (kind == "password_changed") {
    d.subject = "Your password was changed";
    d.before = {"the password of your account was changed, and other devices were signed out.",
                not_you};
    d.link = fmt::format("{}/account.html#forgotten", url);
    d.label = "Set a new password";
  } else if (kind == "new_sign_in") {
    d.subject = "A new sign-in to your account";
    d.before = {
      "somebody signed in to your account from a device or place that we had not seen "
      "before.",
      fmt::format("When: {} (UTC)", one_line(about.at)),
      fmt::format("Device: {}", about.device.empty() ? "unknown" : one_line(about.device)),
      fmt::format("Address: {}", one_line(about.address)), not_you};
    d.link = fmt::format("{}/account.html#forgotten", url);
    d.label = "Set a new password";
  } else {
    return std::nullopt;
  }
  return d;
}

} // namespace

std::optional<letter_text> write_letter(const messages::send_letter& about,
                                        std::string_view public_url) {
  const auto d = make_draft(about, public_url);
  if (!d)
    return std::nullopt;
  const auto name = one_line(about.name);
  const auto greeting = name.empty() ? std::string{"Hello,"} : fmt::format("Hello {},", name);
  letter_text out;
  out.subject = d->subject;
  auto& text = out.text;
  auto& html = out.html;
  html = fmt::format("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
                     "<title>{}</title></head><body>",
                     domain::escape_html(d->subject));
  const auto paragraph = [&](const std::string& words) {
    text += words + "\n\n";
    html += "<p>" + domain::escape_html(words) + "</p>";
  };
  paragraph(greeting);
  for (const auto& words : d->before)
    paragraph(words);
  if (!d->link.empty()) {
    text += d->link + "\n\n";
    html += fmt::format("<p><a href=\"{}\">{}</a></p>", domain::escape_html(d->link),
                        domain::escape_html(d->label));
  }
  if (!d->code.empty())
    paragraph("Or enter this code in the app: " + d->code);
  for (const auto& words : d->after)
    paragraph(words);
  paragraph("Spotter");
  html += "</body></html>";
  return out;
}

} // namespace spotter::mail
