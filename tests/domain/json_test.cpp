#include "domain/json.hpp"

#define CAF_SUITE json
#include "caf/test/dsl.hpp"

#include "domain/base64.hpp"

#include <limits>

using namespace spotter::domain;

CAF_TEST(commas stand between values only) {
  std::string out;
  json_writer json{out};
  json.begin_object()
    .member("a", std::int32_t{1})
    .key("b")
    .begin_array()
    .value("x")
    .begin_object()
    .end_object()
    .null()
    .end_array()
    .member("c", true)
    .member_if("d", std::optional<double>{})
    .member_if("e", std::optional<double>{2.5})
    .key("f")
    .raw("[1]")
    .end_object();
  CAF_CHECK_EQUAL(out, R"({"a":1,"b":["x",{},null],"c":true,"e":2.5,"f":[1]})");
}

CAF_TEST(escapes what JSON asks for and nothing else) {
  std::string out;
  append_escaped(out, "a\"b\\c\n\r\t\x01/ü💪");
  CAF_CHECK_EQUAL(out, "a\\\"b\\\\c\\n\\r\\t\\u0001/ü💪");
}

CAF_TEST(numbers that JSON lacks are null) {
  std::string out;
  json_writer json{out};
  json.begin_array()
    .value(std::numeric_limits<double>::infinity())
    .value(std::numeric_limits<double>::quiet_NaN())
    .value(0.1)
    .value(std::numeric_limits<std::int64_t>::min())
    .end_array();
  CAF_CHECK_EQUAL(out, "[null,null,0.1,-9223372036854775808]");
}

CAF_TEST(absent parts of an effort are left out) {
  effort e;
  e.reps = 5;
  e.weight = weight{100.5, weight_unit::kg};
  e.rpe = 8.5;
  std::string out;
  json_writer json{out};
  write(json, e);
  CAF_CHECK_EQUAL(out, R"({"reps":5,"weight":{"value":100.5,"unit":"kg"},"rpe":8.5})");
}

CAF_TEST(base64url reads back what it writes) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    CAF_REQUIRE(from_base64url(to_base64url(bytes)) == bytes);
    bytes.push_back(static_cast<char>(i * 37));
  }
  CAF_CHECK_EQUAL(to_base64url("\xfb\xff"), "-_8");
}

CAF_TEST(base64url has one spelling for a value) {
  for (auto text : {"A", "AA==", "AB", "A+", "A/", "A A", "AAAAA", "-_9"})
    CAF_CHECK(!from_base64url(text));
}
