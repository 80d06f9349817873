#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace spotter::persistence {

/// One statement of an SQL file.
struct sql_statement {
  std::string text; // from its first word on, without the semicolon
  int line = 1;     // of its first word, from 1
};

/// Splits an SQL file at the semicolons that end statements, not at those inside quotes, dollar
/// quotes, comments or parentheses. What is only space and comments is left out. (`BEGIN ATOMIC`
/// bodies are not understood: use a dollar-quoted body.)
[[nodiscard]] std::vector<sql_statement> split_statements(std::string_view sql);

/// The first word of a statement in upper case, to judge what kind it is.
[[nodiscard]] std::string first_word(std::string_view statement);

} // namespace spotter::persistence
