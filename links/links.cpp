#include "links/links.hpp"

#include "links/listener.hpp"
#include "links/peer.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <set>
#include <stdexcept>
#include <thread>

namespace spotter::links {

namespace {

// Incarnations that have dialled us and are not wanted (yet): as a rule their news came faster.
constexpr std::size_t most_unwanted = 64;

link_settings checked(link_settings settings) {
  const auto fail = [](const std::string& why) {
    throw std::runtime_error("cluster links: " + why);
  };
  if (!is_node_id(settings.node_id))
    fail("the node's name \"" + settings.node_id + "\" can't be a DNS name");
  if (settings.incarnation.is_nil())
    fail("the incarnation is nil");
  if (settings.protocol.min > settings.protocol.max)
    fail("the oldest protocol is newer than the newest");
  if (settings.max_frame > UINT32_MAX)
    fail("a frame can't be that large");
  return settings;
}

class links_of_node final : public node_links {
public:
  links_of_node(caf::actor_system& system, link_settings settings, caf::actor receiver)
    : settings_(checked(std::move(settings))), metrics_(system),
      tls_(
        make_link_context(settings_.certificate, settings_.key, settings_.ca, settings_.node_id)),
      connections_{settings_, metrics_, std::make_shared<net::io_context>(1), {}},
      peers_shared_{connections_,
                    tls_.get(),
                    routes_,
                    board_,
                    std::move(receiver),
                    [this] { net::post(*connections_.loop, [this] { sweep(); }); }},
      listener_(
        connections_, tls_.get(), [this](const hello& who) { return judge(who); },
        [this](const std::shared_ptr<connection>& known) { adopt(known); }),
      work_(connections_.loop->get_executor()) {
    listener_.start();
    thread_ = std::thread{[this] { run(); }};
  }

  ~links_of_node() override { stop(); }

  void want(std::vector<messages::peer_address> wanted) override {
    net::post(*connections_.loop, [this, wanted = std::move(wanted)] { now_want(wanted); });
  }

  messages::frame_sent send(const domain::uuid& incarnation, messages::peer_frame frame) override {
    const auto box = routes_.find(incarnation);
    if (!box)
      return messages::frame_sent::away;
    if (box->looks_full()) {
      metrics_.full->inc();
      return messages::frame_sent::full;
    }
    thread_local bytes room;
    room.clear();
    if (!append_message(room, frame, settings_.max_frame)) {
      metrics_.oversized->inc();
      spdlog::error("link: a message for {} is larger than {} bytes and is dropped",
                    to_string(incarnation), settings_.max_frame);
      return messages::frame_sent::full;
    }
    const auto result = box->put(room);
    if (room.capacity() > most_room)
      bytes{}.swap(room);
    if (result == messages::frame_sent::full)
      metrics_.full->inc();
    return result;
  }

  void stop() override {
    const std::lock_guard lock{stopping_};
    if (!thread_.joinable())
      return;
    net::post(*connections_.loop, [this] { shut(); });
    thread_.join();
    peers_shared_.receiver = nullptr;
    const std::lock_guard status{board_.mutex};
    board_.peers.clear();
  }

  [[nodiscard]] std::uint16_t port() const noexcept override { return listener_.port(); }

  [[nodiscard]] std::vector<peer_status> status() const override {
    std::vector<peer_status> out;
    const std::lock_guard lock{board_.mutex};
    for (const auto& [incarnation, one] : board_.peers)
      out.push_back(one);
    std::sort(out.begin(), out.end(),
              [](const auto& a, const auto& b) { return a.node_id < b.node_id; });
    return out;
  }

private:
  // What a thread keeps for the next frame that it sends.
  static constexpr std::size_t most_room = 256 * 1024;

  void run() {
    // Signals are for the main thread, and a broken socket is an error, not a signal.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    pthread_setname_np(pthread_self(), "spotter.links");
    while (true) {
      try {
        connections_.loop->run();
        return;
      } catch (const std::exception& why) {
        spdlog::error("link: a step failed: {}", why.what());
      }
    }
  }

  // Nothing is left to do for the loop then, so it ends.
  void shut() {
    shut_ = true;
    listener_.close();
    peers_.clear();
    work_.reset();
  }

  void now_want(const std::vector<messages::peer_address>& wanted) {
    if (shut_)
      return;
    std::set<domain::uuid> kept;
    for (const auto& one : wanted) {
      if (one.incarnation == settings_.incarnation || one.incarnation.is_nil())
        continue;
      kept.insert(one.incarnation);
      find_or_make(one.incarnation).want(one);
    }
    for (const auto& [incarnation, one] : peers_)
      if (one->wanted() && kept.count(incarnation) == 0)
        one->forget();
    sweep();
  }

  answer judge(const hello& who) {
    answer out;
    const auto refuse = [&](refusal why, std::string words) {
      out.why = why;
      out.words = std::move(words);
      return out;
    };
    if (who.cluster_id != settings_.cluster_id)
      return refuse(refusal::cluster,
                    "this is cluster " + settings_.cluster_id + ", not " + who.cluster_id);
    const auto& own = settings_.protocol;
    const auto chosen = choose_protocol(own, who.protocol);
    if (!chosen)
      return refuse(refusal::protocol, "release " + settings_.release + " speaks protocol "
                                         + std::to_string(own.min) + " to "
                                         + std::to_string(own.max) + ", release " + who.release
                                         + " speaks " + std::to_string(who.protocol.min) + " to "
                                         + std::to_string(who.protocol.max));
    if (who.incarnation == settings_.incarnation)
      return refuse(refusal::self, "it is this node itself");
    if (who.meant != settings_.incarnation)
      return refuse(refusal::incarnation, "incarnation " + to_string(who.meant)
                                            + " is meant, this is "
                                            + to_string(settings_.incarnation));
    if (peers_.count(who.incarnation) == 0) {
      const auto unwanted = std::count_if(peers_.begin(), peers_.end(),
                                          [](const auto& one) { return !one.second->wanted(); });
      if (static_cast<std::size_t>(unwanted) >= most_unwanted)
        return refuse(refusal::crowded, "too many nodes that are not in the cluster");
    }
    out.chosen = *chosen;
    return out;
  }

  void adopt(const std::shared_ptr<connection>& known) {
    find_or_make(known->peer()).adopt(known);
    sweep();
  }

  peer& find_or_make(const domain::uuid& incarnation) {
    auto& one = peers_[incarnation];
    if (!one)
      one = std::make_shared<peer>(peers_shared_, incarnation);
    return *one;
  }

  void sweep() {
    std::erase_if(peers_, [](const auto& one) { return one.second->idle(); });
  }

  const link_settings settings_;
  const link_metrics metrics_;
  const ssl_context tls_;
  route_table routes_;
  mutable status_board board_;
  connection_shared connections_;
  peer_shared peers_shared_;
  std::map<domain::uuid, std::shared_ptr<peer>> peers_;
  listener listener_;
  net::executor_work_guard<io_executor> work_;
  bool shut_ = false;
  std::mutex stopping_;
  std::thread thread_;
};

} // namespace

node_links_ptr spawn_links(caf::actor_system& system, link_settings settings, caf::actor receiver) {
  return std::make_shared<links_of_node>(system, std::move(settings), std::move(receiver));
}

} // namespace spotter::links
