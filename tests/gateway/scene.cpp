#include "tests/gateway/scene.hpp"

#include "actors/limits/shared_state.hpp"
#include "domain/base64.hpp"

#include <caf/actor_cast.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace spotter::test {

using namespace messages;

namespace {

using story_ptr = std::shared_ptr<story>;

event make_event(const story& s, std::size_t padding) {
  event e;
  e.at_position = {1, static_cast<std::int64_t>(s.events.size()) + 1};
  e.name = event_name::set_logged;
  e.at = domain::now();
  e.data = R"({"pad":")" + std::string(padding, 'x') + "\"}";
  return e;
}

subscribe_reply answer_subscription(story& s, const subscribe& what) {
  subscribed out;
  if (!s.events.empty())
    out.at = s.events.back().at_position;
  if (what.since && what.since->seq <= out.at.seq) {
    out.recovered = true;
    out.replay.assign(s.events.begin() + what.since->seq, s.events.end());
  } else {
    out.snapshot = std::string{R"({"workouts":[]})"};
  }
  return {std::move(out)};
}

caf::behavior session(caf::event_based_actor* self, story_ptr s) {
  return {
    [self, s](const command& cmd) -> caf::result<command_reply> {
      std::unique_lock guard{s->mutex};
      s->commands.push_back(cmd);
      auto promise = self->make_response_promise<command_reply>();
      if (s->dies) {
        s->dies = false;
        s->session = nullptr;
        self->quit();
      } else if (!s->silent) {
        auto reply =
          s->decide
            ? s->decide(cmd)
            : command_reply{outcome{true, false, 1, {1, 1}, std::string{R"({"seq":1})"}, {}}};
        promise.deliver(std::move(reply));
      } else {
        // Kept open as long as the actor lives.
        self->attach_functor([promise] {});
      }
      return promise;
    },
    [](const read&) {
      return read_reply{rendered{7, std::string{R"({"items":[],"next_cursor":null})"}}};
    },
    [s](const subscribe& what) {
      const std::lock_guard guard{s->mutex};
      if (std::find(s->sinks.begin(), s->sinks.end(), what.sink) == s->sinks.end())
        s->sinks.push_back(what.sink);
      return answer_subscription(*s, what);
    },
    [s](const unsubscribe& what) {
      const std::lock_guard guard{s->mutex};
      std::erase(s->sinks, what.sink);
      ++s->unsubscribed;
    },
    [s](caf::publish_atom, int count, std::uint64_t padding) {
      const std::lock_guard guard{s->mutex};
      for (int i = 0; i < count; ++i) {
        s->events.push_back(make_event(*s, padding));
        for (const auto& sink : s->sinks)
          caf::anon_send(sink, events_published{s->user_id, {s->events.back()}});
      }
    },
    [self, s](caf::close_atom, bool tells) {
      const std::lock_guard guard{s->mutex};
      if (tells)
        for (const auto& sink : s->sinks)
          caf::anon_send(sink, session_ended{s->user_id});
      s->sinks.clear();
      s->session = nullptr;
      self->quit();
    },
  };
}

shard_actor::behavior_type shard(shard_actor::pointer self, story_ptr s) {
  return {
    [self, s](const get_session&) {
      const std::lock_guard guard{s->mutex};
      if (!s->session && !s->closed) {
        ++s->sessions;
        s->session = self->spawn(session, s);
      }
      return session_found{s->session};
    },
    [](const session_closing&) {},
    [](retire) { return retired{}; },
  };
}

factors_actor::behavior_type factors(factors_actor::pointer, story_ptr s) {
  return {
    [](const factor_request&) { return read_reply{}; },
    [s](const check_api_key& what) {
      const std::lock_guard guard{s->mutex};
      ++s->keys_asked;
      api_key_checked out;
      out.found = what.token == "spk_good";
      out.user_id = s->user_id;
      out.api_key_id = domain::make_uuid_v7();
      out.scopes = {"read", "live"};
      return out;
    },
    [](const check_share&) { return share_checked{}; },
    [](const begin_challenge&) { return challenge_begun{}; },
    [](const answer_challenge&) { return challenge_answered{}; },
  };
}

} // namespace

scene::scene(const std::function<void(gateway::gateway_config&)>& adjust)
  : system_(config_.set("caf.scheduler.max-threads", 2)) {
  if (sodium_init() < 0)
    throw std::runtime_error("no libsodium");
  key_.kid = "k1";
  crypto_sign_keypair(key_.key.data(), secret_);
  shard_ = system_.spawn(shard, story_);
  gateway::gateway_config config;
  config.address = "127.0.0.1";
  config.port = 0;
  if (adjust)
    adjust(config);
  gateway::gateway_ports ports;
  ports.shard_of = [this](const domain::uuid&) { return shard_; };
  ports.keys->replace({key_});
  limits_ = actors::spawn_shared_state(system_, {});
  ports.limits = limits_;
  factors_ = system_.spawn(factors, story_);
  ports.factors = factors_;
  server_ = std::make_unique<gateway::server>(system_, std::move(config), std::move(ports));
  server_->start();
}

scene::~scene() {
  server_->stop();
  server_.reset();
  {
    const std::lock_guard guard{story_->mutex};
    story_->closed = true;
    story_->sinks.clear();
    if (story_->session)
      caf::anon_send_exit(story_->session, caf::exit_reason::user_shutdown);
    story_->session = nullptr;
  }
  caf::anon_send_exit(shard_, caf::exit_reason::user_shutdown);
  shard_ = nullptr;
  caf::anon_send_exit(limits_, caf::exit_reason::user_shutdown);
  limits_ = nullptr;
  caf::anon_send_exit(factors_, caf::exit_reason::user_shutdown);
  factors_ = nullptr;
}

std::string scene::token(std::chrono::seconds lifetime) const {
  const auto now = domain::to_millis(domain::now()) / 1000;
  const auto text =
    domain::to_base64url(R"({"alg":"EdDSA","typ":"JWT","kid":"k1"})") + "."
    + domain::to_base64url(R"({"iss":"spotter","sub":")" + domain::to_string(story_->user_id)
                           + R"(","sid":")" + domain::to_string(login_id_)
                           + R"(","role":"member","iat":)" + std::to_string(now) + R"(,"exp":)"
                           + std::to_string(now + lifetime.count()) + "}");
  std::string signature(crypto_sign_BYTES, '\0');
  crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr,
                       reinterpret_cast<const unsigned char*>(text.data()), text.size(), secret_);
  return text + "." + domain::to_base64url(signature);
}

void scene::publish(int count, std::size_t padding) {
  caf::scoped_actor self{system_};
  self->request(shard_, caf::infinite, get_session{story_->user_id})
    .receive(
      [&](const session_found& found) {
        self
          ->request(found.session, caf::infinite, caf::publish_atom_v, count,
                    static_cast<std::uint64_t>(padding))
          .receive([] {}, [](const caf::error&) {});
      },
      [](const caf::error&) {});
}

void scene::end_session() {
  caf::actor session;
  {
    const std::lock_guard guard{story_->mutex};
    session = story_->session;
  }
  caf::scoped_actor self{system_};
  self->request(session, caf::infinite, caf::close_atom_v, true)
    .receive([] {}, [](const caf::error&) {});
}

void scene::kill_session() {
  caf::actor session;
  {
    const std::lock_guard guard{story_->mutex};
    session = story_->session;
  }
  caf::scoped_actor self{system_};
  self->monitor(session);
  self->send(session, caf::close_atom_v, false);
  self->receive([](const caf::down_msg&) {});
}

void scene::tell_listeners(const login_revoked& what) {
  for (const auto& listener : server_->listeners())
    caf::anon_send(listener, what);
}

} // namespace spotter::test
