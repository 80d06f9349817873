#pragma once

#include <unistd.h>

#include <utility>

namespace spotter::persistence {

/// A file descriptor that closes itself; negative for none.
class open_file {
public:
  explicit open_file(int number = -1) noexcept : number_{number} {}
  open_file(open_file&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
  open_file& operator=(open_file&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~open_file() {
    if (number_ >= 0)
      ::close(number_);
  }

  [[nodiscard]] int number() const noexcept { return number_; }

private:
  int number_;
};

} // namespace spotter::persistence
