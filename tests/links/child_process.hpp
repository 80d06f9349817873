#pragma once

#include <sys/types.h>

#include <cstdio>
#include <string>
#include <vector>

namespace spotter::test {

/// A process that is spoken to by lines, killed with the object if it has not ended.
class child_process {
public:
  /// Starts a program; throws std::runtime_error when it can't.
  explicit child_process(std::vector<std::string> command);
  ~child_process();
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  /// The next line that it prints, without its end; throws when there is none.
  [[nodiscard]] std::string read_line();
  void write_line(const std::string& line);
  void signal(int number) const;

private:
  pid_t pid_ = -1;
  std::FILE* to_ = nullptr;
  std::FILE* from_ = nullptr;
};

} // namespace spotter::test
