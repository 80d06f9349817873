#include "bench/load/loop.hpp"
#include "bench/load/measurements.hpp"
#include "bench/load/report.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace spotter::bench {

// As PostgreSQL writes its log: 8 KiB after 8 KiB into a file that is whole already, each made durable
// with fdatasync.
int measure_fsync(options& given) {
  constexpr off_t page = 8 * 1024;
  constexpr off_t size = 16 * 1024 * 1024;
  const auto path = given.text("folder") + "/fsync-probe";
  const auto lasts = from_seconds(given.seconds("seconds", 2));
  given.done();

  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0)
    throw std::runtime_error("can't write " + path + ": " + std::strerror(errno));
  ::unlink(path.c_str());
  const std::string bytes(static_cast<std::size_t>(page), 'w');
  const auto write = [&](off_t at) {
    if (::pwrite(file, bytes.data(), bytes.size(), at) != page)
      throw std::runtime_error(std::string{"write: "} + std::strerror(errno));
  };
  for (off_t at = 0; at < size; at += page)
    write(at);
  ::fsync(file);

  std::vector<double> times;
  const auto end = clock::now() + lasts;
  for (off_t at = 0; clock::now() < end; at = (at + page) % size) {
    const auto begin = clock::now();
    write(at);
    if (::fdatasync(file) != 0)
      throw std::runtime_error(std::string{"fdatasync: "} + std::strerror(errno));
    times.push_back(milliseconds(clock::now() - begin));
  }
  ::close(file);
  report{}
    .add("per_second", static_cast<double>(times.size()) / seconds(lasts))
    .add_times("fsync", times)
    .print();
  return 0;
}

} // namespace spotter::bench
