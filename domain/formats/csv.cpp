#include "domain/formats/csv.hpp"

#include "domain/formats/utf8.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace spotter::domain {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

/// The end of the first record in `bytes`: the first line break outside quotes, or npos.
std::size_t first_record_end(std::string_view bytes) {
  bool quoted = false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == '"')
      quoted = !quoted;
    else if (!quoted && (bytes[i] == '\n' || bytes[i] == '\r'))
      return i;
  }
  return std::string_view::npos;
}

/// The delimiter that stands most often outside quotes; the comma when none does.
char sniff_delimiter(std::string_view record) {
  constexpr std::array candidates{',', ';', '\t'};
  std::array<std::size_t, candidates.size()> counts{};
  bool quoted = false;
  for (char c : record) {
    if (c == '"')
      quoted = !quoted;
    for (std::size_t i = 0; i < candidates.size(); ++i)
      counts[i] += !quoted && c == candidates[i] ? 1 : 0;
  }
  const auto most = std::max_element(counts.begin(), counts.end());
  return candidates[static_cast<std::size_t>(most - counts.begin())];
}

} // namespace

std::optional<csv_failure> csv_reader::feed(std::string_view bytes, const sink& out) {
  if (started_ || stopped_)
    return read(bytes, out);
  head_ += bytes;
  // A blank line at the top says nothing about the delimiter.
  auto text = std::string_view{head_};
  text.remove_prefix(std::min(text.find_first_not_of("\xef\xbb\xbf\r\n"), text.size()));
  if (first_record_end(text) == text.npos && head_.size() <= limits_.record_bytes)
    return std::nullopt;
  return start(out);
}

std::optional<csv_failure> csv_reader::start(const sink& out) {
  started_ = true;
  auto text = std::string_view{head_};
  if (text.starts_with(byte_order_mark))
    text.remove_prefix(byte_order_mark.size());
  const auto first = std::min(text.find_first_not_of("\r\n"), text.size());
  const auto record = text.substr(first);
  delimiter_ = sniff_delimiter(record.substr(0, first_record_end(record)));
  auto failure = read(text, out);
  head_ = {};
  return failure;
}

std::optional<csv_failure> csv_reader::finish(const sink& out) {
  if (!started_ && !stopped_)
    if (auto failure = start(out))
      return failure;
  if (stopped_)
    return std::nullopt;
  if (state_ == state::quoted)
    return fail(csv_fault::unterminated_quote);
  return end_record(out);
}

std::optional<csv_failure> csv_reader::read(std::string_view bytes, const sink& out) {
  for (char c : bytes) {
    if (stopped_)
      break;
    if (c == '\0')
      return fail(csv_fault::nul_byte);
    if (record_.line == 0)
      record_.line = line_;
    const bool line_feed_of_crlf = after_cr_ && c == '\n';
    after_cr_ = c == '\r';
    if ((c == '\n' && !line_feed_of_crlf) || c == '\r')
      ++line_;
    std::optional<csv_failure> failure;
    if (state_ == state::quoted) {
      if (c == '"')
        state_ = state::quote_in_quoted;
      else
        failure = append(c);
    } else if (state_ == state::quote_in_quoted && c == '"') {
      state_ = state::quoted;
      failure = append(c);
    } else if (line_feed_of_crlf) {
      record_.line = 0; // the record ended at the CR; the next starts after this
    } else if (c == '\n' || c == '\r') {
      failure = end_record(out);
    } else if (c == delimiter_) {
      failure = end_field();
    } else if (c == '"' && state_ == state::field_start) {
      state_ = state::quoted;
      quoted_field_ = true;
    } else {
      record_.stray_quote |= state_ == state::quote_in_quoted;
      state_ = state::plain;
      failure = append(c);
    }
    if (failure)
      return failure;
  }
  return std::nullopt;
}

std::optional<csv_failure> csv_reader::append(char c) {
  if (field_.size() >= limits_.field_bytes)
    return fail(csv_fault::field_too_long);
  if (++record_bytes_ > limits_.record_bytes)
    return fail(csv_fault::record_too_long);
  field_.push_back(c);
  return std::nullopt;
}

std::optional<csv_failure> csv_reader::end_field() {
  if (record_.fields.size() >= limits_.fields)
    return fail(csv_fault::too_many_fields);
  record_.repaired_utf8 |= repair_utf8(field_);
  record_.fields.push_back(std::exchange(field_, {}));
  state_ = state::field_start;
  return std::nullopt;
}

std::optional<csv_failure> csv_reader::end_record(const sink& out) {
  const bool blank = record_.fields.empty() && field_.empty() && !quoted_field_;
  if (!blank) {
    if (auto failure = end_field())
      return failure;
    if (!out(std::move(record_)))
      stopped_ = true;
  }
  record_ = {};
  record_bytes_ = 0;
  quoted_field_ = false;
  state_ = state::field_start;
  return std::nullopt;
}

std::optional<csv_failure> csv_reader::fail(csv_fault fault) {
  stopped_ = true;
  return csv_failure{fault, record_.line == 0 ? line_ : record_.line};
}

} // namespace spotter::domain
