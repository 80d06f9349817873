// What an idle session costs in memory.
//
// Usage: session_memory bare|loaded COUNT. Spawns so many sessions in 256 shards, with a database that
// is not there; `loaded` ones have been subscribed to, as those of idle sockets are. Prints JSON.

#include "actors/messages/all.hpp"
#include "actors/shard/shard.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/init_global_meta_objects.hpp>
#include <caf/scoped_actor.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

using namespace spotter;
using namespace spotter::messages;

namespace {

constexpr std::size_t shards_of_a_node = 256;
constexpr std::size_t at_once = 1000;

writer_actor::behavior_type no_writer() {
  return {[](const store&) {}, [](get_health) { return health{}; }};
}

/// Knows every user, and that they have done nothing yet.
reader_actor::behavior_type empty_reader() {
  return {
    [](const messages::read&) { return read_reply{}; },
    [](const load_session& ask) {
      session_image image;
      image.found = true;
      image.who.user_id = ask.user_id;
      image.who.email = "somebody@example.org";
      image.who.time_zone = "Europe/Berlin";
      return image;
    },
    [](const load_workout&) { return workout_image{}; },
    [](const load_exercise&) { return exercise_image{}; },
    [](const load_events&) { return event_range{}; },
    [](const load_epoch&) { return event_epoch{}; },
    [](const load_sources&) { return source_matches{}; },
    [](const load_answer&) { return answer_image{}; },
    [](const load_import&) { return import_image{}; },
    [](const load_exercise_history&) { return exercise_history{}; },
    [](const load_exercise_names&) { return exercise_names{}; },
    [](const load_import_file&) { return import_file{}; },
    [](get_health) { return health{}; },
  };
}

/// Resident memory that is the process's own, in bytes.
double own_memory() {
  std::ifstream status{"/proc/self/status"};
  for (std::string word; status >> word;)
    if (word == "RssAnon:") {
      double kilobytes = 0;
      status >> kilobytes;
      return kilobytes * 1024;
    }
  return 0;
}

class crowd {
public:
  explicit crowd(caf::actor_system& system) : self_{system} {
    auto env = std::make_shared<actors::session_environment>();
    env->epoch = 1;
    env->writer = system.spawn(no_writer);
    env->reader = system.spawn(empty_reader);
    sink_ = system.spawn([](caf::event_based_actor*) -> caf::behavior {
      return {[](const events_published&) {}, [](const session_ended&) {}};
    });
    actors::shard_settings settings;
    settings.idle_time = std::chrono::hours{1};
    for (std::size_t i = 0; i < shards_of_a_node; ++i)
      shards_.push_back(actors::spawn_shard(system, env, settings));
  }

  void add(std::size_t count, bool loaded) {
    while (count > 0) {
      const auto some = std::min(count, at_once);
      add_some(some, loaded);
      count -= some;
    }
  }

private:
  void add_some(std::size_t count, bool loaded) {
    std::vector<domain::uuid> users;
    std::vector<caf::actor> sessions;
    for (std::size_t i = 0; i < count; ++i) {
      users.push_back(domain::make_uuid_v7());
      self_->request(shards_[users.back().bytes[15]], caf::infinite, get_session{users.back()})
        .receive([&](session_found& found) { sessions.push_back(std::move(found.session)); }, fail);
    }
    for (std::size_t i = 0; loaded && i < count; ++i)
      self_
        ->request(caf::actor_cast<session_actor>(sessions[i]), caf::infinite,
                  subscribe{users[i], {}, {}, sink_})
        .receive([](const subscribe_reply&) {}, fail);
  }

  static void fail(const caf::error& why) {
    std::fprintf(stderr, "session_memory: %s\n", caf::to_string(why).c_str());
    std::exit(1);
  }

  caf::scoped_actor self_;
  caf::actor sink_;
  std::vector<shard_actor> shards_;
};

} // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc == 3 ? argv[1] : "";
  if (mode != "bare" && mode != "loaded") {
    std::fprintf(stderr, "usage: session_memory bare|loaded COUNT\n");
    return 2;
  }
  const auto count = static_cast<std::size_t>(std::stoul(argv[2]));
  caf::init_global_meta_objects<caf::id_block::spotter>();
  caf::core::init_global_meta_objects();
  caf::actor_system_config config;
  caf::actor_system system{config};
  crowd all{system};
  all.add(at_once, mode == "loaded"); // what all share is not an idle session's cost
  const auto before = own_memory();
  all.add(count, mode == "loaded");
  std::printf("{\"sessions\":%zu,\"bytes_each\":%.0f}\n", count,
              (own_memory() - before) / static_cast<double>(count));
  std::fflush(stdout);
  std::_Exit(0); // taking a million actors down is not measured
}
