#include "tests/links/scene.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/telemetry/collector/prometheus.hpp>
#include <caf/telemetry/metric_registry.hpp>

#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace spotter::test {

namespace {

caf::behavior collect(caf::event_based_actor*, std::shared_ptr<inbox> into) {
  return {
    [into](messages::peer_up what) {
      into->put({what.incarnation, {}, {}});
    },
    [into](messages::peer_down what) {
      into->put({{}, std::move(what), {}});
    },
    [into](messages::peer_received what) {
      into->put({{}, {}, std::move(what)});
    },
  };
}

std::int64_t value_of(const caf::actor_system& system, const std::string& line) {
  caf::telemetry::collector::prometheus collector;
  const auto text = collector.collect_from(const_cast<caf::actor_system&>(system).metrics());
  const std::string all{text.begin(), text.end()};
  const auto at = all.find("\n" + line + " ");
  if (at == std::string::npos)
    return 0;
  return std::stoll(all.substr(at + line.size() + 2));
}

} // namespace

void inbox::put(told what) {
  {
    const std::lock_guard lock{mutex_};
    all_.push_back(std::move(what));
  }
  changed_.notify_all();
}

told inbox::next(std::chrono::milliseconds limit) {
  std::unique_lock lock{mutex_};
  if (!changed_.wait_for(lock, limit, [this] { return !all_.empty(); }))
    throw std::runtime_error("the receiver was told nothing in time");
  auto out = std::move(all_.front());
  all_.pop_front();
  return out;
}

domain::uuid inbox::next_up(std::chrono::milliseconds limit) {
  auto what = next(limit);
  if (!what.up)
    throw std::runtime_error(what.down ? "it went down: " + what.down->why : "a message came");
  return *what.up;
}

messages::peer_down inbox::next_down(std::chrono::milliseconds limit) {
  auto what = next(limit);
  if (!what.down)
    throw std::runtime_error(what.up ? "it came up" : "a message came");
  return std::move(*what.down);
}

messages::peer_received inbox::next_received(std::chrono::milliseconds limit) {
  auto what = next(limit);
  if (!what.received)
    throw std::runtime_error(what.down ? "it went down: " + what.down->why : "it came up");
  return std::move(*what.received);
}

std::size_t inbox::size() {
  const std::lock_guard lock{mutex_};
  return all_.size();
}

node::node(const std::string& node_id, const identity_files& files, const adjust& change)
  : system_(config_) {
  settings_.cluster_id = "test";
  settings_.node_id = node_id;
  settings_.incarnation = domain::make_uuid_v7();
  settings_.release = "0.1.0";
  settings_.listen = "127.0.0.1:0";
  settings_.certificate = files.certificate;
  settings_.key = files.key;
  settings_.ca = files.ca;
  if (change)
    change(settings_);
  links_ = links::spawn_links(system_, settings_, system_.spawn(collect, inbox_));
}

node::~node() {
  links_->stop();
}

std::int64_t node::counted(const std::string& name) const {
  return value_of(system_, "spotter_links_" + name + "_total");
}

std::int64_t node::refused(const std::string& reason) const {
  return value_of(system_, "spotter_links_refused_total{reason=\"" + reason + "\"}");
}

void node::until(const std::function<bool()>& holds, const char* what) {
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end)
      throw std::runtime_error(std::string{"it did not happen in time: "} + what);
    std::this_thread::sleep_for(2ms);
  }
}

void node::until_why(const domain::uuid& peer, const std::string& words) {
  std::string last;
  try {
    until(
      [&] {
        for (const auto& one : links_->status())
          if (one.incarnation == peer)
            last = one.why;
        return last.find(words) != std::string::npos;
      },
      words.c_str());
  } catch (const std::runtime_error& why) {
    throw std::runtime_error(std::string{why.what()} + "; the reason was: " + last);
  }
}

pair_scene::pair_scene(const node::adjust& change_a, const node::adjust& change_b)
  : a("node-a", ca.certify("node-a"), change_a), b("node-b", ca.certify("node-b"), change_b) {}

void pair_scene::want() {
  a.links().want({b.as_peer()});
  b.links().want({a.as_peer()});
}

void pair_scene::connect() {
  want();
  if (a.told().next_up() != b.incarnation() || b.told().next_up() != a.incarnation())
    throw std::runtime_error("another incarnation came up");
}

messages::peer_frame numbered(std::uint32_t number) {
  domain::uuid id;
  for (std::size_t i = 0; i < 4; ++i)
    id.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
  return messages::unfollow{id};
}

std::uint32_t number_of(const messages::peer_frame& frame) {
  std::uint32_t out = 0;
  const auto& id = std::get<messages::unfollow>(frame).user_id;
  for (std::size_t i = 0; i < 4; ++i)
    out |= static_cast<std::uint32_t>(id.bytes[i]) << (8 * i);
  return out;
}

messages::peer_frame sized(std::size_t size) {
  messages::events_published out;
  out.events.emplace_back().data = messages::shared_text{std::string(size, 'x')};
  return out;
}

std::size_t resident_bytes() {
#ifdef __SANITIZE_ADDRESS__
  return 0; // it keeps what was freed
#else
  std::ifstream file{"/proc/self/status"};
  std::string line;
  while (std::getline(file, line))
    if (line.rfind("RssAnon:", 0) == 0)
      return std::stoull(line.substr(8)) * 1024;
  return 0;
#endif
}

} // namespace spotter::test
