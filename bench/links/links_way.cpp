#include "bench/links/way.hpp"
#include "links/links.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <spdlog/spdlog.h>

#include <sstream>

namespace spotter::bench {

namespace {

/// What the receiver and the rest of the program share.
struct state {
  links::node_links_ptr links;
  std::promise<domain::uuid> up;
  bool was_up = false;
  lost gone;
  bool was_lost = false;
  std::shared_ptr<request_load> load;
};

caf::behavior receive(caf::event_based_actor*, std::shared_ptr<state> at) {
  return {
    [at](const messages::peer_up& what) {
      if (!std::exchange(at->was_up, true))
        at->up.set_value(what.incarnation);
    },
    [at](const messages::peer_down&) {
      if (!std::exchange(at->was_lost, true))
        at->gone.when.set_value(clock::now());
    },
    [at](messages::peer_received& what) {
      if (const auto* request = std::get_if<messages::peer_request>(&what.frame))
        at->links->send(what.from,
                        messages::peer_reply{request->id, request->epoch,
                                             messages::command_reply{messages::outcome{}}});
      else if (const auto* reply = std::get_if<messages::peer_reply>(&what.frame))
        at->load->answered(reply->id);
    },
    [at](messages::get_health) { // begin
      const auto peer = at->links->status().at(0).incarnation;
      at->load->begin([links = at->links, peer](std::uint64_t number) {
        links->send(peer, messages::peer_request{number, {}, 1, 1'000, messages::follow{}});
      });
    },
  };
}

class links_way final : public way {
public:
  links_way(const test::identity_files& files, const std::string& node_id) : system_(config_) {
    spdlog::set_level(spdlog::level::err);
    settings_.cluster_id = "bench";
    settings_.node_id = node_id;
    settings_.incarnation = domain::make_uuid_v7();
    settings_.listen = "127.0.0.1:0";
    settings_.certificate = files.certificate;
    settings_.key = files.key;
    settings_.ca = files.ca;
    receiver_ = system_.spawn(receive, state_);
    state_->links = links::spawn_links(system_, settings_, receiver_);
  }

  ~links_way() override {
    state_->links->stop();
    state_->links = nullptr;
  }

  std::string serve() override { return own_address(); }

  void connect_to_nobody(const std::string& host, std::uint16_t port) override {
    wanted_.push_back({domain::make_uuid_v7(), "nobody", host + ":" + std::to_string(port)});
    state_->links->want(wanted_);
  }

  std::string connect(const std::string& where) override {
    back(where);
    return own_address();
  }

  void back(const std::string& from) override {
    std::istringstream in{from};
    std::string incarnation;
    messages::peer_address peer;
    in >> incarnation >> peer.node_id >> peer.address;
    peer.incarnation = domain::parse_uuid(incarnation).value();
    peer_ = peer.incarnation;
    wanted_.push_back(peer);
    state_->links->want(wanted_);
  }

  bool connected(std::chrono::milliseconds limit) override {
    return up_.wait_for(limit) == std::future_status::ready;
  }

  void run(const std::shared_ptr<request_load>& load) override {
    state_->load = load;
    caf::anon_send(receiver_, messages::get_health{});
    load->over.get_future().get();
  }

  bool send(std::size_t size) override {
    messages::events_published what;
    what.events.emplace_back().data = messages::shared_text{std::string(size, 'x')};
    return state_->links->send(peer_, std::move(what)) == messages::frame_sent::queued;
  }

  std::future<clock::time_point> lost_at() override { return state_->gone.when.get_future(); }

private:
  std::string own_address() {
    return to_string(settings_.incarnation) + " " + settings_.node_id
           + " 127.0.0.1:" + std::to_string(state_->links->port());
  }

  struct tuned : caf::actor_system_config {
    tuned() { tune(*this); }
  };

  tuned config_;
  caf::actor_system system_;
  links::link_settings settings_;
  std::shared_ptr<state> state_ = std::make_shared<state>();
  std::future<domain::uuid> up_ = state_->up.get_future();
  caf::actor receiver_;
  std::vector<messages::peer_address> wanted_;
  domain::uuid peer_;
};

} // namespace

std::unique_ptr<way> make_links_way(const test::identity_files& files, const std::string& node_id) {
  return std::make_unique<links_way>(files, node_id);
}

} // namespace spotter::bench
