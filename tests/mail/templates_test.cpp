#include "mail/templates.hpp"

#define CAF_SUITE templates
#include "caf/test/dsl.hpp"

using namespace spotter;
using namespace spotter::mail;

namespace {

messages::send_letter about(std::string kind) {
  messages::send_letter out;
  out.template_name = std::move(kind);
  out.recipient = "ada@example.org";
  out.name = "Ada";
  out.token = "secret-token";
  out.at = "2026-03-01 17:04";
  out.device = "phone";
  out.address = "192.0.2.7";
  return out;
}

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace

CAF_TEST(every kind of the database has a letter) {
  for (const char* kind : {"verification", "recovery", "address_confirmation", "address_changed",
                           "password_changed", "new_sign_in"}) {
    const auto letter = write_letter(about(kind), "https://spotter.test");
    CAF_REQUIRE(letter);
    CAF_CHECK(!letter->subject.empty());
    CAF_CHECK(holds(letter->text, "Hello Ada,"));
    CAF_CHECK(holds(letter->html, "Hello Ada,"));
  }
  CAF_CHECK(!write_letter(about("nonsense"), "https://spotter.test"));
}

CAF_TEST(tokens stand behind the hash and only where they belong) {
  const auto recovery = *write_letter(about("recovery"), "https://spotter.test");
  CAF_CHECK(holds(recovery.text, "https://spotter.test/account.html#recovery=secret-token"));
  CAF_CHECK(!holds(recovery.subject, "secret-token"));
  for (const char* kind : {"address_changed", "password_changed", "new_sign_in"})
    CAF_CHECK(!holds(write_letter(about(kind), "https://spotter.test")->text, "secret-token"));
}

CAF_TEST(what strangers chose stays text) {
  auto what = about("new_sign_in");
  what.name = "<script>alert(1)</script>\r\nX";
  what.device = "\"><img src=x>";
  what.address = "a&b'";
  const auto letter = *write_letter(what, "https://spotter.test");
  CAF_CHECK(!holds(letter.html, "<script"));
  CAF_CHECK(!holds(letter.html, "<img"));
  CAF_CHECK(holds(letter.html, "a&amp;b&#39;"));
  CAF_CHECK(holds(letter.text, "Hello <script>alert(1)</script>  X,"));
}
