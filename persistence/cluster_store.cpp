#include "persistence/cluster_store.hpp"

#include "persistence/answer_watch.hpp"
#include "persistence/cluster_rows.hpp"
#include "persistence/sqlstate.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <spdlog/spdlog.h>

#include <poll.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace spotter::persistence {

using namespace messages;

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto connect_limit = 1000ms;
constexpr auto connect_patience = 250ms; // of a request, counted from the attempt's start
constexpr auto answer_limit = 1500ms;
constexpr auto statement_limit = 1000ms;
constexpr auto first_pause = 50ms;
constexpr auto last_pause = 1000ms;
constexpr auto listening_pause = 25ms;
constexpr auto connecting_pause = 5ms;

/// One connection, made without waiting longer than allowed, and what it hears.
class cluster_connection {
public:
  explicit cluster_connection(connection_settings settings) : settings_(std::move(settings)) {
    settings_.statement_timeout = std::min(settings_.statement_timeout, statement_limit);
    if (settings_.statement_timeout == 0ms)
      settings_.statement_timeout = statement_limit;
    settings_.answer_timeout = answer_limit;
  }

  /// True where there is a connection, or one is made within `patience` of its attempt's start.
  bool ready(std::chrono::milliseconds patience) {
    if (connection_ && connection_->is_open())
      return true;
    connection_.reset();
    try {
      if (!attempt_) {
        if (clock::now() < next_attempt_)
          return false;
        since_ = clock::now();
        attempt_.emplace(connection_string(settings_));
      }
      return advance(since_ + patience);
    } catch (const std::exception& error) {
      lost(error.what());
      return false;
    }
  }

  /// Runs a statement on the connection that `ready` found.
  template <class Statement>
  auto run(Statement statement) {
    const answer_watch::guard watched{watch_, connection_->sock(), answer_limit};
    return statement(*connection_);
  }

  /// True if somebody else changed something since the last time.
  bool heard() {
    try {
      connection_->get_notifs();
    } catch (const std::exception& error) {
      lost(error.what());
    }
    return std::exchange(heard_, false);
  }

  /// Gives the connection up.
  void lost(const std::string& why) {
    if (std::exchange(reachable_, false) || why_.empty())
      spdlog::warn("The coordinator can't be reached: {}", why);
    why_ = why;
    connection_.reset();
    attempt_.reset();
    pause_ = std::clamp(pause_ * 2, std::chrono::milliseconds{first_pause},
                        std::chrono::milliseconds{last_pause});
    next_attempt_ = clock::now() + pause_;
  }

  /// How long to wait before `ready` or `heard` is worth another call.
  [[nodiscard]] std::chrono::milliseconds pause() const {
    if (connection_)
      return listening_pause;
    return attempt_ ? connecting_pause : first_pause;
  }

  [[nodiscard]] const std::string& why() const { return why_; }

private:
  bool advance(clock::time_point until) {
    while (!attempt_->done()) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - clock::now());
      pollfd socket{attempt_->sock(),
                    static_cast<short>(attempt_->wait_to_write() ? POLLOUT : POLLIN), 0};
      if (::poll(&socket, 1, std::max(0, static_cast<int>(left.count()))) <= 0) {
        if (clock::now() - since_ > connect_limit)
          lost("no answer to the attempt to connect");
        return false;
      }
      attempt_->process();
    }
    connection_.emplace(std::move(*attempt_).produce());
    attempt_.reset();
    const answer_watch::guard watched{watch_, connection_->sock(), answer_limit};
    connection_->listen("spotter_cluster", [this](const pqxx::notification& notice) {
      heard_ = heard_ || notice.backend_pid != connection_->backendpid();
    });
    heard_ = !why_.empty(); // there was a time of not hearing
    if (!std::exchange(reachable_, true) && !why_.empty())
      spdlog::info("The coordinator is reached again");
    pause_ = 0ms;
    return true;
  }

  connection_settings settings_;
  answer_watch watch_;
  std::optional<pqxx::connecting> attempt_;
  std::optional<pqxx::connection> connection_;
  clock::time_point since_;        // when the attempt began
  clock::time_point next_attempt_; // when another one may begin
  std::chrono::milliseconds pause_{0};
  bool reachable_ = false;
  bool heard_ = false;
  std::string why_; // the last connection was lost
};

struct cluster_store_state {
  static inline const char* name = "spotter.cluster_store";

  using actor = cluster_store_actor::extend<caf::result<void>(caf::tick_atom)>;

  cluster_store_state(actor::pointer self, connection_settings settings)
    : self_(self), database_(std::move(settings)) {}

  actor::behavior_type make_behavior() {
    self_->set_down_handler([this](const caf::down_msg& down) {
      std::erase_if(subscribers_, [&](const caf::actor& s) { return s.address() == down.source; });
    });
    self_->send(self_, caf::tick_atom_v);
    return {
      [this](const join_cluster& ask) { return run([&](auto& c) { return join(c, ask); }); },
      [this](const renew_lease& ask) { return run([&](auto& c) { return renew(c, ask); }); },
      [this](const change_state& ask) { return run([&](auto& c) { return change(c, ask); }); },
      [this](const take_shards& ask) { return run([&](auto& c) { return take(c, ask); }); },
      [this](const give_shards& ask) { return run([&](auto& c) { return give(c, ask); }); },
      [this](const place_shards& ask) { return run([&](auto& c) { return place(c, ask); }); },
      [this](cluster_changed) { subscribe(); },
      [this](caf::tick_atom) { listen(); },
    };
  }

private:
  void subscribe() {
    const auto who = caf::actor_cast<caf::actor>(self_->current_sender());
    if (!who || std::find(subscribers_.begin(), subscribers_.end(), who) != subscribers_.end())
      return;
    self_->monitor(who);
    subscribers_.push_back(who);
  }

  void listen() {
    if (database_.ready(0ms) && database_.heard())
      for (const auto& who : subscribers_)
        caf::anon_send(who, cluster_changed{});
    self_->delayed_send(self_, database_.pause(), caf::tick_atom_v);
  }

  /// The one place where exceptions of the database become errors.
  template <class Statement>
  auto run(Statement statement)
    -> caf::result<decltype(statement(std::declval<pqxx::connection&>()))> {
    if (!database_.ready(connect_patience))
      return caf::make_error(caf::sec::runtime_error,
                             "the coordinator can't be reached: " + database_.why());
    std::string why;
    try {
      return database_.run(statement);
    } catch (const pqxx::sql_error& error) {
      why = error.what();
      const auto fault = fault_of(error.sqlstate());
      if (fault == database_fault::lost || fault == database_fault::read_only)
        database_.lost(why);
      else
        spdlog::warn("The coordinator refused a request: {}", why);
    } catch (const pqxx::failure& error) { // broken connections
      why = error.what();
      database_.lost(why);
    } catch (const std::exception& error) {
      why = error.what();
      spdlog::warn("The coordinator's answer could not be read: {}", why);
    }
    return caf::make_error(caf::sec::runtime_error, std::move(why));
  }

  actor::pointer self_;
  cluster_connection database_;
  std::vector<caf::actor> subscribers_;
};

} // namespace

cluster_store_actor spawn_cluster_store(caf::actor_system& system, connection_settings settings) {
  using implementation = cluster_store_state::actor::stateful_impl<cluster_store_state>;
  return system.spawn<implementation, caf::detached>(std::move(settings));
}

} // namespace spotter::persistence
