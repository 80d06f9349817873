#include "domain/time.hpp"

#define CAF_SUITE time
#include "caf/test/dsl.hpp"

using namespace spotter::domain;

CAF_TEST(reads what it writes) {
  for (auto text : {"2026-03-01T17:04:05.123Z", "2026-03-01T17:04:05Z", "1969-12-31T23:59:59.999Z",
                    "2024-02-29T00:00:00Z", "9999-12-31T23:59:59Z", "1900-01-01T00:00:00Z"}) {
    const auto at = parse_rfc3339(text);
    CAF_REQUIRE(at.has_value());
    CAF_CHECK_EQUAL(to_rfc3339(*at), text);
  }
}

CAF_TEST(an offset names the same instant) {
  CAF_CHECK(parse_rfc3339("2026-03-01T19:04:05+02:00") == parse_rfc3339("2026-03-01T17:04:05Z"));
  CAF_CHECK(parse_rfc3339("2026-03-01T11:34:05-05:30") == parse_rfc3339("2026-03-01T17:04:05Z"));
}

CAF_TEST(cuts fractions to milliseconds) {
  CAF_CHECK(parse_rfc3339("2026-03-01T17:04:05.1239999Z")
            == parse_rfc3339("2026-03-01T17:04:05.123Z"));
  CAF_CHECK(parse_rfc3339("2026-03-01T17:04:05.5Z") == parse_rfc3339("2026-03-01T17:04:05.500Z"));
}

CAF_TEST(refuses what is no date and time) {
  for (auto text : {"", "2026-03-01", "2026-03-01T17:04:05", "2026-02-29T00:00:00Z",
                    "2026-13-01T00:00:00Z", "2026-03-01T24:00:00Z", "2026-03-01T17:60:00Z",
                    "1899-12-31T23:59:59Z", "2026-03-01T17:04:05Zx", "2026-03-01T17:04:05.Z",
                    "2026-03-01T17:04:05+25:00", "9999-12-31T23:59:59-00:01",
                    "1900-01-01T00:00:00+00:01", "20260301T170405Z", "-026-03-01T17:04:05Z"})
    CAF_CHECK(!parse_rfc3339(text));
}

CAF_TEST(milliseconds survive the round trip) {
  CAF_CHECK_EQUAL(to_millis(from_millis(-1)), -1);
  CAF_CHECK_EQUAL(to_millis(*parse_rfc3339("1970-01-01T00:00:01Z")), 1000);
}
