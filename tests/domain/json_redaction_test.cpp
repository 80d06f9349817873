#include "domain/json_redaction.hpp"

#define CAF_SUITE json_redaction
#include "caf/test/dsl.hpp"

using spotter::domain::without_values_of;

CAF_TEST(a named member is null at every depth) {
  CAF_CHECK_EQUAL(
    without_values_of(R"({"notes":"a","x":[{"notes":"b","y":1}],"z":"notes"})", "notes"),
    R"({"notes":null,"x":[{"notes":null,"y":1}],"z":"notes"})");
}

CAF_TEST(values of all kinds go) {
  for (const char* value :
       {R"("a\"},{b\\")", "12.5e3", "true", "null", R"({"a":["}",{}]})", "[1,[2]]", R"("")"})
    CAF_CHECK_EQUAL(
      without_values_of(R"({"a":1,"notes": )" + std::string{value} + R"( ,"b":2})", "notes")
        .substr(0, 20),
      R"({"a":1,"notes": null)");
  CAF_CHECK_EQUAL(without_values_of(R"({"notes":5})", "notes"), R"({"notes":null})");
}

CAF_TEST(text that only looks like the member stays) {
  for (const char* text : {R"({"title":"\"notes\":\"secret\""})", R"(["notes","x"])",
                           R"({"a":"notes","b":":"})", "{}", ""})
    CAF_CHECK_EQUAL(without_values_of(text, "notes"), text);
}
