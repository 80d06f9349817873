#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace spotter::tests {

/// A redis-server of the test's own, in a folder that goes away with it.
class redis_server {
public:
  static bool installed();

  /// Starts it and waits until it answers. `more` is added to its command line.
  explicit redis_server(std::vector<std::string> more = {});
  ~redis_server();
  redis_server(const redis_server&) = delete;
  redis_server& operator=(const redis_server&) = delete;

  /// Starts it again after `kill`.
  void start();
  void kill();
  void freeze();
  void thaw();

  [[nodiscard]] std::string url() const { return "unix://" + socket(); }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

  /// Runs a command by redis-cli; what it printed.
  [[nodiscard]] std::string run(const std::string& command) const;

private:
  [[nodiscard]] std::string socket() const { return (folder_ / "redis.sock").string(); }

  std::filesystem::path folder_;
  std::vector<std::string> more_;
  pid_t pid_ = -1;
};

/// A certificate authority and a certificate of `localhost`, as PEM files in `folder`.
void make_certificates(const std::filesystem::path& folder);

/// A port of the loopback that nobody listens on.
[[nodiscard]] std::uint16_t free_port();

/// What a shell command printed.
[[nodiscard]] std::string output_of(const std::string& command);

} // namespace spotter::tests
