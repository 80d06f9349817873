#include "gateway/json/body_reader.hpp"

// Bodies of the requests that change how somebody signs in.

namespace spotter::gateway {

namespace {

using namespace json;

constexpr std::size_t longest_email = 254;
constexpr std::size_t longest_password = 1'024; // hashing costs by length
constexpr std::size_t longest_token = 256;

} // namespace

parsed<messages::ask_for_mail> parse_ask_for_mail(padded_text text) {
  messages::ask_for_mail out;
  return read_body(text, "", out, {{"email", text_into(out.email, longest_email, 1), true}});
}

parsed<messages::verify_address> parse_verify_address(padded_text text) {
  messages::verify_address out;
  return read_body(text, "", out, {{"token", text_into(out.token, longest_token, 1), true}});
}

parsed<messages::recover_password> parse_recover_password(padded_text text) {
  messages::recover_password out;
  return read_body(text, "", out,
                   {{"token", text_into(out.token, longest_token, 1), true},
                    {"password", text_into(out.password, longest_password, 1), true}});
}

parsed<messages::change_password> parse_change_password(padded_text text) {
  messages::change_password out;
  return read_body(
    text, "", out,
    {{"current_password", text_into(out.current_password, longest_password, 1), true},
     {"password", text_into(out.password, longest_password, 1), true}});
}

parsed<messages::change_address> parse_change_address(padded_text text) {
  messages::change_address out;
  return read_body(text, "", out, {{"email", text_into(out.email, longest_email, 1), true}});
}

} // namespace spotter::gateway
