#include "domain/formats/csv.hpp"

#define CAF_SUITE csv
#include "caf/test/dsl.hpp"

#include "domain/formats/utf8.hpp"

using namespace spotter::domain;

namespace {

struct reading {
  std::vector<csv_record> records;
  std::optional<csv_failure> failure;
  char delimiter = '\0';
};

/// Reads `text` in pieces of `step` bytes.
reading read(std::string_view text, std::size_t step = std::string_view::npos,
             csv_limits limits = {}) {
  reading result;
  csv_reader reader{limits};
  const csv_reader::sink out = [&result](csv_record&& record) {
    result.records.push_back(std::move(record));
    return true;
  };
  while (!text.empty() && !result.failure) {
    result.failure = reader.feed(text.substr(0, step), out);
    text.remove_prefix(std::min(step, text.size()));
  }
  if (!result.failure)
    result.failure = reader.finish(out);
  result.delimiter = reader.delimiter();
  return result;
}

using fields = std::vector<std::string>;

std::vector<fields> rows(std::string_view text) {
  std::vector<fields> all;
  for (const auto& record : read(text).records)
    all.push_back(record.fields);
  return all;
}

} // namespace

CAF_TEST(fields and records) {
  CAF_CHECK_EQUAL(rows("a,b\n1,2\n"), (std::vector<fields>{{"a", "b"}, {"1", "2"}}));
  CAF_CHECK_EQUAL(rows("a,b\n1,"), (std::vector<fields>{{"a", "b"}, {"1", ""}}));
  CAF_CHECK_EQUAL(rows("a"), (std::vector<fields>{{"a"}}));
  CAF_CHECK(rows("").empty());
  CAF_CHECK(rows("\n\r\n\n").empty());
}

CAF_TEST(quotes hold delimiters and breaks and quotes) {
  CAF_CHECK_EQUAL(rows("\"a,b\",\"say \"\"hi\"\"\",\"one\r\ntwo\",\"\"\n"),
                  (std::vector<fields>{{"a,b", "say \"hi\"", "one\r\ntwo", ""}}));
}

CAF_TEST(a quoted empty line is a record) {
  CAF_CHECK_EQUAL(rows("a\n\"\"\n\nb\n"), (std::vector<fields>{{"a"}, {""}, {"b"}}));
}

CAF_TEST(all line ends are understood) {
  for (auto text : {"a,b\n1,2\n3,4", "a,b\r\n1,2\r\n3,4\r\n", "a,b\r1,2\r3,4\r"})
    CAF_CHECK_EQUAL(rows(text), (std::vector<fields>{{"a", "b"}, {"1", "2"}, {"3", "4"}}));
}

CAF_TEST(the delimiter is the one that parts the first record most) {
  CAF_CHECK_EQUAL(read("a,b;c;d\n").delimiter, ';');
  CAF_CHECK_EQUAL(read("a\tb\tc\n1\t2,5\t3\n").delimiter, '\t');
  CAF_CHECK_EQUAL(read("\"x;y;z\",b\n").delimiter, ',');
  CAF_CHECK_EQUAL(read("alone\n").delimiter, ',');
  CAF_CHECK_EQUAL(read("\n\na;b\n").delimiter, ';');
}

CAF_TEST(a byte order mark is no part of the first field) {
  CAF_CHECK_EQUAL(rows("\xef\xbb\xbf"
                       "a,b\n"),
                  (std::vector<fields>{{"a", "b"}}));
  CAF_CHECK_EQUAL(rows("\xef\xbb\xbf\"a\",b\n"), (std::vector<fields>{{"a", "b"}}));
}

CAF_TEST(records know the line they start on) {
  const auto all = read("h,i\r\n\r\n\"one\r\ntwo\rthree\nfour\",x\r\nlast,y").records;
  CAF_REQUIRE_EQUAL(all.size(), 3u);
  CAF_CHECK_EQUAL(all[0].line, 1u);
  CAF_CHECK_EQUAL(all[1].line, 3u);
  CAF_CHECK_EQUAL(all[2].line, 7u);
}

CAF_TEST(it does not matter where the bytes are cut) {
  const std::string text = "\xef\xbb\xbf"
                           "t;\"n\"\r\n\"a \"\"q\"\";\r\nb\";1,5\r\n\r\nü\xff;\"x\"y\r\nz;\"\"";
  const auto whole = read(text);
  CAF_REQUIRE_EQUAL(whole.records.size(), 4u);
  for (std::size_t step = 1; step < text.size(); ++step) {
    const auto cut = read(text, step);
    CAF_REQUIRE_EQUAL(cut.records.size(), whole.records.size());
    for (std::size_t i = 0; i < cut.records.size(); ++i) {
      CAF_CHECK_EQUAL(cut.records[i].fields, whole.records[i].fields);
      CAF_CHECK_EQUAL(cut.records[i].line, whole.records[i].line);
    }
  }
}

CAF_TEST(text after a closing quote is kept and told) {
  const auto all = read("\"a\"b,c\nd,e\"f\n").records;
  CAF_CHECK_EQUAL(all[0].fields, (fields{"ab", "c"}));
  CAF_CHECK(all[0].stray_quote);
  CAF_CHECK_EQUAL(all[1].fields, (fields{"d", "e\"f"}));
  CAF_CHECK(!all[1].stray_quote);
}

CAF_TEST(bytes that are not UTF8 are replaced and told) {
  const auto all = read("a,\xffz\nb,ü\n").records;
  CAF_CHECK_EQUAL(all[0].fields[1], "\xef\xbf\xbdz");
  CAF_CHECK(all[0].repaired_utf8);
  CAF_CHECK(!all[1].repaired_utf8);
}

CAF_TEST(a zero byte ends it) {
  const auto result = read(std::string_view{"a,b\n1,\0\n", 8});
  CAF_REQUIRE(result.failure.has_value());
  CAF_CHECK(result.failure->fault == csv_fault::nul_byte);
  CAF_CHECK_EQUAL(result.failure->line, 2u);
}

CAF_TEST(a quote that is never closed is told with its line) {
  const auto result = read("a,b\n1,2\n3,\"open\n4,5\n");
  CAF_REQUIRE(result.failure.has_value());
  CAF_CHECK(result.failure->fault == csv_fault::unterminated_quote);
  CAF_CHECK_EQUAL(result.failure->line, 3u);
}

CAF_TEST(fields and records are bounded) {
  const csv_limits limits{8, 12, 3};
  CAF_CHECK(!read("12345678,1234\n", 1, limits).failure);
  CAF_CHECK(read("123456789\n", 1, limits).failure->fault == csv_fault::field_too_long);
  CAF_CHECK(read("12345678,12345\n", 1, limits).failure->fault == csv_fault::record_too_long);
  CAF_CHECK(read("a,b,c,d\n", 1, limits).failure->fault == csv_fault::too_many_fields);
  CAF_CHECK(read(std::string(10'000, ','), 100).failure->fault == csv_fault::too_many_fields);
  // Without a line end the delimiter is looked for in a bounded head only.
  CAF_CHECK(read(std::string(2'000'000, 'x'), 4096).failure->fault == csv_fault::field_too_long);
}

CAF_TEST(a sink that has enough stops the reading) {
  csv_reader reader;
  int seen = 0;
  const csv_reader::sink out = [&seen](csv_record&&) { return ++seen < 2; };
  CAF_CHECK(!reader.feed("a\nb\nc\nd\n", out));
  CAF_CHECK(!reader.feed("e\n", out));
  CAF_CHECK(!reader.finish(out));
  CAF_CHECK_EQUAL(seen, 2);
}

CAF_TEST(UTF8 is judged as the standard has it) {
  for (auto good : {"", "a", "\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                    "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
    CAF_CHECK(is_utf8(good));
  for (auto bad : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80",
                   "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "a\xff"})
    CAF_CHECK(!is_utf8(bad));
}
