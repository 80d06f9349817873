#include "persistence/server_settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <fstream>

namespace spotter::persistence {

namespace {

constexpr std::int64_t megabyte = 1024 * 1024;

std::int64_t memory_of_machine() {
  auto bytes = static_cast<std::int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
  std::ifstream limit{"/sys/fs/cgroup/memory.max"}; // a container's share; "max" fails to parse
  std::int64_t allowed = 0;
  if (limit >> allowed && allowed > 0)
    bytes = std::min(bytes, allowed);
  return bytes;
}

std::string in_megabytes(std::int64_t bytes) {
  return std::to_string(bytes / megabyte) + "MB";
}

} // namespace

std::vector<std::string> server_command(const postgres_binaries& binaries,
                                        const server_settings& settings) {
  std::vector<std::string> command{binaries.path("postgres"), "-D", settings.cluster_folder};
  auto set = [&command](const std::string& name, const std::string& value) {
    command.emplace_back("-c");
    command.push_back(name + "=" + value);
  };
  const auto memory = memory_of_machine();
  set("listen_addresses", "");
  set("unix_socket_directories", settings.socket_folder);
  set("unix_socket_permissions", "0700");
  set("port", "5432");
  set("max_connections", std::to_string(settings.max_connections));
  // The server of Spotter itself needs the rest, and the kernel caches files as well.
  set("shared_buffers", in_megabytes(std::clamp(memory / 8, 64 * megabyte, 512 * megabyte)));
  set("effective_cache_size", in_megabytes(memory / 2));
  // Short statements only: compiling or spreading them over processes costs more than it brings.
  set("jit", "off");
  set("max_parallel_workers_per_gather", "0");
  set("random_page_cost", "1.1");
  // Few, slow checkpoints: each makes every page it touches whole in the WAL once more.
  set("wal_compression", settings.lz4 ? "lz4" : "on");
  set("max_wal_size", "4GB");
  set("min_wal_size", "256MB");
  set("checkpoint_timeout", "15min");
  set("wal_buffers", "16MB");
  // After a crash: one call instead of opening and syncing every file, which takes seconds.
  set("recovery_init_sync_method", "syncfs");
  set("idle_in_transaction_session_timeout", "60s");
  set("timezone", "UTC");
  set("log_timezone", "UTC");
  set("log_destination", "stderr");
  set("logging_collector", "off");
  set("log_line_prefix", "%m [%p] %q%u/%a ");
  set("log_checkpoints", "off");
  if (!settings.durable) {
    set("fsync", "off");
    set("synchronous_commit", "off");
    set("full_page_writes", "off");
  }
  return command;
}

} // namespace spotter::persistence
