#include "persistence/sql_statements.hpp"

#include <algorithm>
#include <cctype>

namespace spotter::persistence {

namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80) != 0;
}

/// Reads a file from left to right; every `skip_…` starts at its opening mark and ends behind the
/// closing one, or at the end of the file when that never comes.
class scanner {
public:
  explicit scanner(std::string_view sql) : sql_(sql) {}

  [[nodiscard]] bool done() const { return at_ >= sql_.size(); }
  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] char here() const { return sql_[at_]; }

  void step() { ++at_; }

  bool skip_space_or_comment() {
    if (std::isspace(static_cast<unsigned char>(here()))) {
      step();
      return true;
    }
    if (starts_with("--")) {
      at_ = std::min(sql_.find('\n', at_), sql_.size());
      return true;
    }
    if (!starts_with("/*"))
      return false;
    for (int depth = 0; !done();) { // SQL's block comments nest
      if (starts_with("/*")) {
        ++depth;
        at_ += 2;
      } else if (starts_with("*/")) {
        at_ += 2;
        if (--depth == 0)
          break;
      } else {
        step();
      }
    }
    at_ = std::min(at_, sql_.size());
    return true;
  }

  bool skip_quoted() {
    if (here() != '\'' && here() != '"')
      return false;
    const char quote = here();
    const bool escapes = quote == '\'' && at_ > 0 && (sql_[at_ - 1] == 'E' || sql_[at_ - 1] == 'e')
                         && (at_ < 2 || !is_word(sql_[at_ - 2]));
    for (step(); !done(); step()) {
      if (escapes && here() == '\\')
        step();
      else if (here() == quote && !(at_ + 1 < sql_.size() && sql_[at_ + 1] == quote))
        break;
      else if (here() == quote)
        step(); // doubled: one quote inside
      if (done())
        return true;
    }
    if (!done())
      step();
    return true;
  }

  bool skip_dollar_quoted() {
    if (here() != '$' || (at_ > 0 && is_word(sql_[at_ - 1])))
      return false;
    auto end = at_ + 1;
    while (end < sql_.size() && is_word(sql_[end]))
      ++end;
    if (end >= sql_.size() || sql_[end] != '$')
      return false; // a parameter such as $1
    const auto tag = sql_.substr(at_, end + 1 - at_);
    const auto close = sql_.find(tag, end + 1);
    at_ = close == std::string_view::npos ? sql_.size() : close + tag.size();
    return true;
  }

private:
  [[nodiscard]] bool starts_with(std::string_view mark) const {
    return sql_.substr(at_).starts_with(mark);
  }

  std::string_view sql_;
  std::size_t at_ = 0;
};

} // namespace

std::vector<sql_statement> split_statements(std::string_view sql) {
  std::vector<sql_statement> found;
  scanner scan{sql};
  std::size_t counted = 0; // up to where `line` has counted
  int line = 1;
  while (!scan.done()) {
    if (scan.skip_space_or_comment())
      continue;
    if (scan.here() == ';') {
      scan.step();
      continue;
    }
    const auto start = scan.at();
    auto end = start;
    for (int depth = 0; !scan.done();) {
      if (scan.skip_space_or_comment())
        continue; // not moving `end`: a comment behind the last word is left out
      if (scan.here() == ';' && depth == 0)
        break;
      if (!scan.skip_quoted() && !scan.skip_dollar_quoted()) {
        depth += scan.here() == '(' ? 1 : scan.here() == ')' ? -1 : 0;
        scan.step();
      }
      end = scan.at();
    }
    line += static_cast<int>(std::count(sql.begin() + static_cast<std::ptrdiff_t>(counted),
                                        sql.begin() + static_cast<std::ptrdiff_t>(start), '\n'));
    counted = start;
    found.push_back({std::string{sql.substr(start, end - start)}, line});
  }
  return found;
}

std::string first_word(std::string_view statement) {
  std::string word;
  for (char c : statement) {
    if (!is_word(c))
      break;
    word += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return word;
}

} // namespace spotter::persistence
