#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace spotter::persistence {

/// An archive would exceed its bounds.
struct archive_too_large : std::runtime_error {
  archive_too_large() : std::runtime_error("the archive would be too large") {}
};

/// A ZIP in the making. Content waits in temporary files that have no name, so nothing is left behind
/// however it ends. All throw std::runtime_error, and `archive_too_large` over the bounds.
class archive {
public:
  /// One file of the archive while it is written.
  class entry {
  public:
    void write(std::string_view bytes);
    void count_row() noexcept { ++rows_; }
    [[nodiscard]] std::uint64_t rows() const noexcept { return rows_; }

  private:
    friend class archive;
    struct close_file {
      void operator()(std::FILE* file) const noexcept { std::fclose(file); }
    };

    entry(archive& owner, std::string name);

    archive* owner_;
    std::string name_;
    std::unique_ptr<std::FILE, close_file> file_;
    std::uint64_t rows_ = 0;
    std::uint64_t bytes_ = 0;
  };

  /// What was added.
  struct file {
    std::string name;
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
  };

  /// `most_content` bounds the bytes of all entries, `most_archive` those of the result.
  archive(std::uint64_t most_content, std::uint64_t most_archive);
  ~archive();
  archive(const archive&) = delete;
  archive& operator=(const archive&) = delete;

  [[nodiscard]] entry begin(std::string name) { return entry{*this, std::move(name)}; }
  void add(entry done);
  [[nodiscard]] const std::vector<file>& files() const noexcept { return files_; }

  /// The whole ZIP, with `manifest` as its `manifest.json`.
  [[nodiscard]] std::string finish(std::string manifest);

private:
  struct impl;
  std::unique_ptr<impl> impl_;
  std::uint64_t most_content_;
  std::uint64_t most_archive_;
  std::uint64_t content_ = 0;
  std::vector<file> files_;
};

} // namespace spotter::persistence
