#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spotter::domain {

/// How much of a file one record may hold at once; a file that asks for more is not a CSV.
struct csv_limits {
  std::size_t field_bytes = 64 * 1024;
  std::size_t record_bytes = 256 * 1024;
  std::size_t fields = 512;
};

/// Why reading stopped.
enum class csv_fault : std::uint8_t {
  nul_byte = 1,       // a zero byte: binary data, or UTF-16
  field_too_long,     // more than csv_limits::field_bytes
  record_too_long,    // more than csv_limits::record_bytes; often a quote that is never closed
  too_many_fields,    // more than csv_limits::fields in one record
  unterminated_quote, // the file ends within a quoted field
};

/// A fault and the 1-based line on which the record in question starts.
struct csv_failure {
  csv_fault fault;
  std::size_t line;
};

/// One record: the fields without their quotes.
struct csv_record {
  std::size_t line = 0; // 1-based line of the file on which the record starts
  std::vector<std::string> fields;
  bool repaired_utf8 = false; // bytes that are not UTF-8 have become U+FFFD
  bool stray_quote = false;   // text follows a closing quote; it was kept
};

/// Reads comma-separated values from a stream of bytes that may be cut anywhere, in bounded memory.
///
/// Follows RFC 4180 and takes what spreadsheets and apps make of it: a byte-order mark; LF, CRLF or
/// CR; comma, semicolon or tab, whichever parts the first record most; quotes that hold delimiters,
/// line breaks and doubled quotes. Blank lines are passed over. Fields are UTF-8 in any case.
class csv_reader {
public:
  /// Takes each record as it is complete; false stops the reading for good.
  using sink = std::function<bool(csv_record&&)>;

  explicit csv_reader(csv_limits limits = {}) : limits_(limits) {}

  /// Reads on. After a failure, or when the sink has said false, the rest is ignored.
  [[nodiscard]] std::optional<csv_failure> feed(std::string_view bytes, const sink& out);

  /// Says that the file ends here; gives out the last record when no line break follows it.
  [[nodiscard]] std::optional<csv_failure> finish(const sink& out);

  /// The delimiter that was found; a comma before the first record is complete.
  [[nodiscard]] char delimiter() const noexcept { return delimiter_; }

private:
  enum class state : std::uint8_t { field_start, plain, quoted, quote_in_quoted };

  std::optional<csv_failure> start(const sink& out);
  std::optional<csv_failure> read(std::string_view bytes, const sink& out);
  std::optional<csv_failure> append(char c);
  std::optional<csv_failure> end_field();
  std::optional<csv_failure> end_record(const sink& out);
  std::optional<csv_failure> fail(csv_fault fault);

  csv_limits limits_;
  char delimiter_ = ',';
  bool started_ = false; // the delimiter is known and `head_` has been read
  bool stopped_ = false;
  std::string head_; // the bytes until the delimiter is known
  state state_ = state::field_start;
  bool after_cr_ = false;
  bool quoted_field_ = false; // some field of this record had quotes: it is not a blank line
  std::size_t line_ = 1;
  std::size_t record_bytes_ = 0;
  std::string field_;
  csv_record record_;
};

} // namespace spotter::domain
