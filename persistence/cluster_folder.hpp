#pragma once

#include "domain/expected.hpp"
#include "persistence/child_process.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace spotter::persistence {

/// The part of Spotter's data folder that belongs to the embedded cluster, held by this process
/// alone: while an object lives, no other process can make one for the same folder.
///
///   <data>/postgres/       the cluster, of the user that it runs as
///   <data>/postgres-run/   its socket, unless that path is too long for one
///   <data>/postgres.log    what the server says; the one before is postgres.log.old
///   <data>/postgres.lock   locked by whoever holds the cluster
class cluster_folder {
public:
  /// Makes the folders that are missing and locks them. `owner` is whom the server runs as.
  static domain::expected<cluster_folder, std::string> open(const std::filesystem::path& data,
                                                            const os_user& owner);

  cluster_folder(cluster_folder&& other) noexcept;
  cluster_folder& operator=(cluster_folder&&) = delete;
  ~cluster_folder();

  /// The cluster's folder, and whether there is a cluster in it.
  [[nodiscard]] const std::filesystem::path& cluster() const { return cluster_; }
  [[nodiscard]] bool has_cluster() const;

  /// The major version that made the cluster.
  [[nodiscard]] std::optional<int> major() const;

  /// Where a cluster is made, to be moved to `cluster()` once it is whole. Emptied first.
  [[nodiscard]] domain::expected<std::filesystem::path, std::string> make_scratch() const;

  /// Writes a file into the cluster as its owner.
  [[nodiscard]] bool write(const std::string& name, const std::string& content) const;

  /// The folder of the socket. Its path is short enough.
  [[nodiscard]] const std::filesystem::path& socket_folder() const { return socket_; }

  /// Opens the server's log for appending; a large one is moved aside first. -1 with errno.
  [[nodiscard]] int open_log() const;

  /// The end of the server's log, for error messages.
  [[nodiscard]] std::string log_tail() const;

  /// The PostgreSQL processes that still run in this cluster: left by a holder that was killed.
  [[nodiscard]] std::vector<pid_t> leftovers() const;

  /// Ends leftovers: asks for a fast shutdown, then an immediate one, then kills, each step with
  /// its time. Then nothing of the cluster runs, and stale lock files are gone.
  [[nodiscard]] bool end_leftovers(std::chrono::milliseconds fast) const;

private:
  cluster_folder() = default;

  std::filesystem::path data_;
  std::filesystem::path cluster_;
  std::filesystem::path socket_;
  os_user owner_;
  int lock_ = -1;
};

/// The folder of the socket that the embedded cluster of this data folder has.
[[nodiscard]] std::filesystem::path socket_folder_of(const std::filesystem::path& data);

/// The process that holds the cluster of this data folder now, if one does.
[[nodiscard]] std::optional<pid_t> holder_of(const std::filesystem::path& data);

} // namespace spotter::persistence
