#include "bench/links/way.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/io/all.hpp>
#include <caf/openssl/all.hpp>

#include <stdexcept>
#include <thread>

namespace spotter::bench {

namespace {

struct state {
  caf::actor peer;
  lost gone;
  std::shared_ptr<request_load> load;
};

caf::behavior serve_requests(caf::event_based_actor*) {
  return {
    [](const messages::peer_request& request) {
      return messages::peer_reply{request.id, request.epoch,
                                  messages::command_reply{messages::outcome{}}};
    },
    [](const messages::events_published&) {},
  };
}

caf::behavior client(caf::event_based_actor* self, std::shared_ptr<state> at) {
  self->set_down_handler([at](const caf::down_msg&) { at->gone.when.set_value(clock::now()); });
  self->monitor(at->peer);
  return {
    [self, at](messages::get_health) { // begin
      at->load->begin([self, at](std::uint64_t number) {
        self
          ->request(at->peer, caf::infinite,
                    messages::peer_request{number, {}, 1, 1'000, messages::follow{}})
          .then([at](const messages::peer_reply& reply) { at->load->answered(reply.id); });
      });
    },
  };
}

struct config : caf::actor_system_config {
  explicit config(const test::identity_files& files) {
    tune(*this);
    load<caf::io::middleman>();
    load<caf::openssl::manager>();
    set("caf.openssl.certificate", files.certificate);
    set("caf.openssl.key", files.key);
    set("caf.openssl.cafile", files.ca);
    set("caf.middleman.heartbeat-interval", caf::timespan{std::chrono::milliseconds{500}});
    set("caf.middleman.connection-timeout", caf::timespan{std::chrono::seconds{2}});
    // What arrives is read on the io thread: faster here than handing it to a worker.
    set("caf.middleman.workers", std::size_t{0});
  }
};

class middleman_way final : public way {
public:
  explicit middleman_way(const test::identity_files& files) : config_(files), system_(config_) {}

  std::string serve() override {
    const auto port = caf::openssl::publish(system_.spawn(serve_requests), 0, "127.0.0.1");
    if (!port)
      throw std::runtime_error(to_string(port.error()));
    return std::to_string(*port);
  }

  void connect_to_nobody(const std::string& host, std::uint16_t port) override {
    std::thread{[this, host, port] {
      static_cast<void>(caf::openssl::remote_actor(system_, host, port));
    }}.detach();
    // Until the request is under way: nothing tells.
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
  }

  std::string connect(const std::string& where) override {
    const auto port = static_cast<std::uint16_t>(std::stoi(where));
    std::thread{[this, port, at = state_] {
      // Sometimes it gives up at once.
      auto peer = caf::openssl::remote_actor(system_, "127.0.0.1", port);
      while (!peer)
        peer = caf::openssl::remote_actor(system_, "127.0.0.1", port);
      at->peer = *peer;
      client_ = system_.spawn(client, at);
      there_.set_value();
    }}.detach();
    return {};
  }

  void back(const std::string&) override {}

  bool connected(std::chrono::milliseconds limit) override {
    return there_.get_future().wait_for(limit) == std::future_status::ready;
  }

  void run(const std::shared_ptr<request_load>& load) override {
    state_->load = load;
    caf::anon_send(client_, messages::get_health{});
    load->over.get_future().get();
  }

  bool send(std::size_t size) override {
    messages::events_published what;
    what.events.emplace_back().data = messages::shared_text{std::string(size, 'x')};
    caf::anon_send(state_->peer, std::move(what));
    return true; // nothing ever says no
  }

  std::future<clock::time_point> lost_at() override { return state_->gone.when.get_future(); }

private:
  config config_;
  caf::actor_system system_;
  std::shared_ptr<state> state_ = std::make_shared<state>();
  std::promise<void> there_;
  caf::actor client_;
};

} // namespace

std::unique_ptr<way> make_middleman_way(const test::identity_files& files) {
  return std::make_unique<middleman_way>(files);
}

} // namespace spotter::bench
