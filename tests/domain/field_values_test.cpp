#include "domain/formats/field_values.hpp"

#define CAF_SUITE field_values
#include "caf/test/dsl.hpp"

using namespace spotter::domain;
using namespace std::chrono;
using namespace std::chrono_literals;

namespace {

constexpr auto point = decimal_sign::point;
constexpr auto comma = decimal_sign::comma;

local_instant at(year_month_day day, milliseconds time) {
  return local_instant{local_days{day}.time_since_epoch()} + time;
}

} // namespace

CAF_TEST(decimals with either sign) {
  CAF_CHECK(parse_decimal("100.5", point) == 100.5);
  CAF_CHECK(parse_decimal("100,5", comma) == 100.5);
  CAF_CHECK(parse_decimal("100,5", point) == 100.5);
  CAF_CHECK(parse_decimal("82.5", comma) == 82.5);
  CAF_CHECK(parse_decimal(" -7 ", point) == -7);
  CAF_CHECK(parse_decimal("+.5", point) == 0.5);
  CAF_CHECK(parse_decimal("5.", point) == 5);
  CAF_CHECK(parse_decimal("0,125", comma) == 0.125);
}

CAF_TEST(groups of three are understood when both signs stand) {
  CAF_CHECK(parse_decimal("1,234.5", point) == 1234.5);
  CAF_CHECK(parse_decimal("1.234,5", comma) == 1234.5);
  CAF_CHECK(parse_decimal("12,345,678.9", point) == 12345678.9);
  CAF_CHECK(!parse_decimal("12,34.5", point));
  CAF_CHECK(!parse_decimal("1,234,5", point));
}

CAF_TEST(a number that could be two is refused) {
  CAF_CHECK(!parse_decimal("1,234", point));
  CAF_CHECK(parse_decimal("1,234", comma) == 1.234);
}

CAF_TEST(what is no number is refused) {
  for (auto text : {"", " ", "-", ".", ",", "abc", "1e3", "0x10", "inf", "nan", "1 000", "--1",
                    "1.2.3", "1-2", "10kg", "１２"}) {
    CAF_CHECK(!parse_decimal(text, point));
    CAF_CHECK(!parse_decimal(text, comma));
  }
  CAF_CHECK(!parse_decimal(std::string(33, '1'), point));
}

CAF_TEST(dates as the apps write them) {
  const auto evening = at(2025y / June / 30, 19h + 56min);
  CAF_CHECK(parse_local_instant("30 Jun 2025, 19:56") == evening);
  CAF_CHECK(parse_local_instant("30 June 2025 19:56") == evening);
  CAF_CHECK(parse_local_instant("2025-06-30 19:56:00") == evening);
  CAF_CHECK(parse_local_instant("2025-06-30T19:56") == evening);
  CAF_CHECK(parse_local_instant("2025-06-30 19:56:00.250") == evening);
  CAF_CHECK(parse_local_instant(" 1 Jan 1970, 0:00 ") == local_instant{});
}

CAF_TEST(what is no date is refused) {
  for (auto text : {"", "2025-06-31 10:00", "2025-02-29 10:00", "31 Jum 2025, 10:00", "2025-06-30",
                    "06/30/2025 10:00", "2025-06-30 24:00", "2025-06-30 10:60", "30 Jun 25, 10:00",
                    "2025-06-30 10:00 PM", "1899-06-30 10:00",
                    "2025-06-30 10:00:", "00 Jun 2025, 10:00", "2025-00-10 10:00"})
    CAF_CHECK(!parse_local_instant(text));
}

CAF_TEST(durations in words and in seconds) {
  CAF_CHECK(parse_duration_ms("1h 2m") == 3'720'000);
  CAF_CHECK(parse_duration_ms("35m") == 2'100'000);
  CAF_CHECK(parse_duration_ms("1h 5m 10s") == 3'910'000);
  CAF_CHECK(parse_duration_ms("2 hr 5 min") == 7'500'000);
  CAF_CHECK(parse_duration_ms("45s") == 45'000);
  CAF_CHECK(parse_duration_ms("90") == 90'000);
  CAF_CHECK(parse_duration_ms("0.5") == 500);
  for (auto text : {"", "h", "5m 1h", "1m 1m", "-5", "1x", "99999999", "999999h"})
    CAF_CHECK(!parse_duration_ms(text));
}
