#include "mail/message.hpp"

#define CAF_SUITE message
#include "caf/test/dsl.hpp"

#include <sstream>

using namespace spotter;
using namespace spotter::mail;

namespace {

mail::message some_message() {
  mail::message out;
  out.from_name = "Spotter";
  out.from = "post@example.org";
  out.to = "ada@example.org";
  out.subject = "Hello";
  out.text = "text\n";
  out.html = "<p>text</p>";
  out.id = "0190-abc";
  out.at = *domain::parse_rfc3339("2026-03-01T17:04:05Z");
  return out;
}

/// The header lines, unfolded.
std::vector<std::string> headers(const std::string& wire) {
  std::vector<std::string> out;
  std::istringstream lines{wire.substr(0, wire.find("\r\n\r\n"))};
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r')
      line.pop_back();
    if (!line.empty() && line.front() == ' ')
      out.back() += line;
    else
      out.push_back(line);
  }
  return out;
}

} // namespace

CAF_TEST(has the headers that a letter needs) {
  const auto wire = to_wire(some_message());
  CAF_REQUIRE(wire);
  const auto lines = headers(*wire);
  CAF_CHECK_EQUAL(lines.at(0), "Date: Sun, 01 Mar 2026 17:04:05 +0000");
  CAF_CHECK_EQUAL(lines.at(2), "To: <ada@example.org>");
  CAF_CHECK_EQUAL(lines.at(3), "Subject: Hello");
  CAF_CHECK_EQUAL(lines.at(4), "Message-ID: <0190-abc@example.org>");
  CAF_CHECK(wire->find("Content-Type: text/plain; charset=utf-8") != std::string::npos);
  CAF_CHECK(wire->find("Content-Type: text/html; charset=utf-8") != std::string::npos);
}

CAF_TEST(no text can begin a header of its own) {
  const std::vector<std::string> evils{
    "x\r\nBcc: all@example.org", "x\nBcc: a@b", "x\rBcc: a@b", "\r\n\r\nbody", {"a\0b", 3}};
  for (const auto& evil : evils) {
    auto what = some_message();
    what.subject = evil;
    what.from_name = evil;
    const auto wire = to_wire(what);
    CAF_REQUIRE(wire);
    const auto lines = headers(*wire);
    CAF_CHECK_EQUAL(lines.size(), 9u);
    CAF_CHECK(wire->find('\0') == std::string::npos);
    for (const auto& line : lines)
      CAF_CHECK(!line.starts_with("Bcc"));
  }
}

CAF_TEST(what is no address gets no mail) {
  for (const char* evil : {"", "ada", "@example.org", "ada@", "a@b@c", "ada@example.org>",
                           "ada@example.org\r\nRCPT TO:<x@y>", "ada example@example.org",
                           "<ada@example.org", "\"ada\"@example.org", "a,b@example.org"}) {
    CAF_CHECK(!is_mailbox(evil));
    auto what = some_message();
    what.to = evil;
    CAF_CHECK(!to_wire(what));
    what = some_message();
    what.from = evil;
    CAF_CHECK(!to_wire(what));
  }
  auto what = some_message();
  what.id = "a\"b";
  CAF_CHECK(!to_wire(what));
}

CAF_TEST(other alphabets become encoded words that cut no character) {
  std::string long_name;
  for (int i = 0; i < 40; ++i)
    long_name += "\u03a9mega ";
  const auto encoded = encode_header(long_name);
  std::istringstream words{encoded};
  int count = 0;
  for (std::string word; words >> word; ++count) {
    CAF_CHECK(word.size() <= 75);
    CAF_CHECK(word.starts_with("=?UTF-8?B?"));
    CAF_CHECK(word.ends_with("?="));
  }
  CAF_CHECK(count > 3);
  CAF_CHECK_EQUAL(encode_header("plain"), "plain");
  CAF_CHECK_EQUAL(encode_header("\u00fc"), "=?UTF-8?B?w7w=?=");
  CAF_MESSAGE("what looks like an encoded word is encoded itself");
  CAF_CHECK_EQUAL(encode_header("=?x?="), "=?UTF-8?B?PT94Pz0=?=");
}

CAF_TEST(no line is too long and no line of content begins with a dot) {
  auto what = some_message();
  what.text = std::string(5'000, '.') + "\n.\n";
  what.html = std::string(5'000, '\xc3');
  const auto wire = to_wire(what);
  CAF_REQUIRE(wire);
  std::istringstream lines{*wire};
  for (std::string line; std::getline(lines, line);) {
    CAF_CHECK(line.size() <= 200);
    CAF_CHECK(line.empty() || line.front() != '.');
    CAF_CHECK_EQUAL(line.back(), '\r');
  }
}
