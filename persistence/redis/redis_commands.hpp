#pragma once

#include "actors/messages/limit.hpp"
#include "persistence/redis/redis_link.hpp"

#include <array>
#include <span>

// What the messages become in Redis' words. Each counter is one script: atomic, by Redis' own clock,
// so that nodes whose clocks differ count alike.

namespace spotter::persistence {

/// The names under which Redis keeps the scripts: their SHA-1.
struct redis_scripts {
  std::string take;
  std::string count;
  std::string forgive;
};

/// The commands that give Redis the scripts, in the order of `redis_scripts`' members.
[[nodiscard]] std::vector<redis_command> load_scripts();

/// The names out of the answers to `load_scripts`; throws `redis_failure`.
[[nodiscard]] redis_scripts loaded(std::span<const redis_reply> replies);

/// Keys of one cluster, apart from whatever else the server holds.
class redis_commands {
public:
  explicit redis_commands(const std::string& cluster) : prefix_("spotter:" + cluster + ":") {}

  [[nodiscard]] redis_command take(const redis_scripts& by,
                                   const messages::take_tokens& what) const;
  [[nodiscard]] redis_command count(const redis_scripts& by,
                                    const messages::attempt_counter& what) const;
  [[nodiscard]] redis_command forgive(const redis_scripts& by,
                                      const messages::forgive_attempts& what) const;
  [[nodiscard]] redis_command find(const messages::get_cached& what) const;
  [[nodiscard]] redis_command keep(const messages::keep& what) const;

private:
  std::string prefix_;
};

/// False where the answer is none of that command.
[[nodiscard]] bool read(const redis_reply& from, const messages::take_tokens& asked,
                        messages::tokens_taken& to);
[[nodiscard]] bool read(const redis_reply& from, messages::attempt_state& to);
[[nodiscard]] bool read(redis_reply&& from, messages::cached_value& to);

/// True where Redis has forgotten the scripts, as after a restart.
[[nodiscard]] bool lacks_script(const redis_reply& reply);

} // namespace spotter::persistence
