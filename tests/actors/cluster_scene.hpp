#pragma once

#include "actors/cluster/context.hpp"
#include "actors/cluster/membership.hpp"
#include "actors/cluster/route.hpp"
#include "actors/cluster/switchboard.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

// What the tests of the cluster share. Whoever includes this defines CAF_SUITE first.

namespace spotter::tests {

using namespace messages;
using namespace actors;
using namespace std::chrono_literals;

/// A coordinator in memory, with its own clock.
struct coordinator {
  cluster_view view;
  std::map<domain::uuid, std::chrono::milliseconds> leases; // until when
  std::function<std::chrono::milliseconds()> now;
  bool away = false;   // every request fails
  std::string refusal; // of joins
  std::vector<caf::actor> listeners;
  std::vector<std::size_t> takes; // so many shards were taken at a time
  int gives = 0;
  int placements = 0;

  coordinator() { view.shards.resize(shard_count); }

  node_info* find(const domain::uuid& id) {
    const auto it = std::find_if(view.nodes.begin(), view.nodes.end(),
                                 [&id](const node_info& n) { return n.incarnation == id; });
    return it == view.nodes.end() ? nullptr : &*it;
  }

  void changed(const caf::strong_actor_ptr& by = nullptr) {
    ++view.version;
    for (const auto& l : listeners)
      if (caf::actor_cast<caf::strong_actor_ptr>(l) != by)
        caf::anon_send(l, cluster_changed{});
  }

  void end(node_info& n) {
    n.state = node_state::down;
    for (auto& s : view.shards)
      if (s.owner == n.incarnation) {
        s.owner = {};
        ++s.epoch;
      }
    if (view.leader == n.incarnation)
      view.leader = {};
  }

  void expire() {
    for (auto& n : view.nodes)
      if (n.state != node_state::down && leases[n.incarnation] <= now()) {
        end(n);
        changed();
      }
  }

  cluster_lease answer(const domain::uuid& id, std::int64_t known) {
    cluster_lease out;
    const auto* n = find(id);
    out.held = n && n->state != node_state::down;
    out.leading = out.held && view.leader == id;
    if (view.version > known)
      out.view = view;
    return out;
  }

  std::size_t owned_by(const domain::uuid& id) const {
    return static_cast<std::size_t>(std::count_if(view.shards.begin(), view.shards.end(),
                                                  [&id](const auto& s) { return s.owner == id; }));
  }
};

inline cluster_store_actor::behavior_type fake_store(cluster_store_actor::pointer self,
                                                     coordinator* c) {
  const auto gone = [] { return caf::make_error(caf::sec::runtime_error, "the database is away"); };
  return {
    [=](const join_cluster& ask) -> caf::result<cluster_lease> {
      if (c->away)
        return gone();
      if (!c->refusal.empty())
        return cluster_lease{false, c->refusal, false, {}};
      for (auto& n : c->view.nodes)
        if (n.node_id == ask.who.node_id && n.state != node_state::down)
          c->end(n);
      c->view.nodes.push_back(ask.who);
      c->view.nodes.back().joined_at =
        domain::from_millis(static_cast<std::int64_t>(c->view.nodes.size()));
      c->leases[ask.who.incarnation] = c->now() + std::chrono::milliseconds{ask.lease_ms};
      c->changed(self->current_sender());
      return c->answer(ask.who.incarnation, 0);
    },
    [=](const renew_lease& ask) -> caf::result<cluster_lease> {
      if (c->away)
        return gone();
      c->expire();
      auto* n = c->find(ask.incarnation);
      if (n && n->state != node_state::down) {
        c->leases[ask.incarnation] = c->now() + std::chrono::milliseconds{ask.lease_ms};
        if (c->view.leader.is_nil() && n->state == node_state::up) {
          c->view.leader = ask.incarnation;
          ++c->view.term;
          c->changed(self->current_sender());
        }
      }
      return c->answer(ask.incarnation, ask.known_version);
    },
    [=](const change_state& ask) -> caf::result<cluster_lease> {
      if (c->away)
        return gone();
      if (auto* n = c->find(ask.incarnation); n && n->state != node_state::down) {
        n->state = ask.state;
        if (ask.state == node_state::down)
          c->end(*n);
        if (ask.state != node_state::up && c->view.leader == ask.incarnation)
          c->view.leader = {};
        c->changed(self->current_sender());
      }
      return c->answer(ask.incarnation, 0);
    },
    [=](const take_shards& ask) -> caf::result<shards_held> {
      if (c->away)
        return gone();
      shards_held out;
      for (const auto s : ask.shards)
        if (auto& p = c->view.shards[static_cast<std::size_t>(s)];
            p.owner.is_nil() && p.target == ask.incarnation) {
          p.owner = ask.incarnation;
          out.shards.push_back({s, ++p.epoch});
        }
      c->takes.push_back(out.shards.size());
      c->changed(self->current_sender());
      return out;
    },
    [=](const give_shards& ask) -> caf::result<shards_held> {
      if (c->away)
        return gone();
      shards_held out;
      ++c->gives;
      for (const auto s : ask.shards)
        if (auto& p = c->view.shards[static_cast<std::size_t>(s)]; p.owner == ask.incarnation) {
          p.owner = {};
          out.shards.push_back({s, ++p.epoch});
        }
      c->changed(self->current_sender());
      return out;
    },
    [=](const place_shards& ask) -> caf::result<cluster_lease> {
      if (c->away)
        return gone();
      if (c->view.leader == ask.leader && c->view.term == ask.term) {
        ++c->placements;
        for (std::size_t i = 0; i < ask.shards.size(); ++i)
          c->view.shards[static_cast<std::size_t>(ask.shards[i])].target = ask.targets[i];
        c->changed(self->current_sender());
      }
      return c->answer(ask.leader, 0);
    },
    [=](cluster_changed) {
      c->listeners.push_back(caf::actor_cast<caf::actor>(self->current_sender()));
    },
  };
}

/// Links that keep what they are given, or pass it on.
struct fake_links final : peer_links {
  std::vector<std::pair<domain::uuid, peer_frame>> sent;
  std::vector<peer_address> wanted;
  frame_sent result = frame_sent::queued;
  std::function<void(const domain::uuid& to, const peer_frame& frame)> deliver;

  void want(std::vector<peer_address> peers) override { wanted = std::move(peers); }

  frame_sent send(const domain::uuid& to, peer_frame frame) override {
    if (result != frame_sent::queued)
      return result;
    if (deliver)
      deliver(to, frame);
    sent.emplace_back(to, std::move(frame));
    return result;
  }

  template <class T>
  std::vector<T> of() const {
    std::vector<T> out;
    for (const auto& [to, frame] : sent)
      if (const auto* f = std::get_if<T>(&frame))
        out.push_back(*f);
    return out;
  }
};

/// What the fake sessions of a user were asked, and how they answer.
struct session_script {
  std::vector<command> commands;
  std::vector<caf::typed_response_promise<command_reply>> unanswered;
  bool holds_back = false; // commands are answered when it is told `passivate`
  std::vector<caf::actor> sinks;
  int reads = 0;
  int subscriptions = 0;
  int unsubscribed = 0;
  bool refuses_subscriptions = false;
  caf::actor session;
};

inline session_actor::behavior_type fake_session(session_actor::pointer self, session_script* s) {
  self->set_exit_handler([=](const caf::exit_msg& exit) {
    s->unanswered.clear();
    self->quit(exit.reason);
  });
  return {
    [=](const command& what) -> caf::result<command_reply> {
      s->commands.push_back(what);
      auto promise = self->make_response_promise<command_reply>();
      if (s->holds_back) {
        s->unanswered.push_back(promise);
      } else {
        outcome done;
        done.version = static_cast<std::int64_t>(s->commands.size());
        promise.deliver(command_reply{done});
      }
      return promise;
    },
    [=](const messages::read&) {
      ++s->reads;
      return read_reply{rendered{7, shared_text{std::string(1'000, 'x')}}};
    },
    [=](const subscribe& what) {
      ++s->subscriptions;
      if (s->refuses_subscriptions)
        return subscribe_reply{failure{failure_code::not_found, {}, {}, 0}};
      if (std::find(s->sinks.begin(), s->sinks.end(), what.sink) == s->sinks.end())
        s->sinks.push_back(what.sink);
      return subscribe_reply{subscribed{{3, 9}, true, {}, {}}};
    },
    [=](const unsubscribe& what) {
      ++s->unsubscribed;
      std::erase(s->sinks, what.sink);
    },
    [](const stored&) {},
    [=](passivate) {
      for (auto& promise : std::exchange(s->unanswered, {}))
        promise.deliver(command_reply{outcome{}});
    },
    [](messages::retire) {},
  };
}

/// A shard whose users all have one fake session.
struct shard_script {
  session_script session;
  bool answers_retire = true;
  std::vector<caf::typed_response_promise<retired>> retiring; // a dropped promise is an answer
  int retires = 0;
};

inline shard_actor::behavior_type fake_shard(shard_actor::pointer self, shard_script* s) {
  return {
    [=](const get_session&) {
      if (!s->session.session)
        s->session.session = caf::actor_cast<caf::actor>(self->spawn(fake_session, &s->session));
      return session_found{s->session.session};
    },
    [](const session_closing&) {},
    [=](messages::retire) -> caf::result<retired> {
      ++s->retires;
      if (s->answers_retire)
        return retired{};
      s->retiring.push_back(self->make_response_promise<retired>());
      return s->retiring.back();
    },
  };
}

/// A subscriber that keeps what it is sent.
struct sink_log {
  std::vector<event> events;
  int ended = 0;
};

inline caf::behavior fake_sink(caf::event_based_actor*, sink_log* log) {
  return {
    [log](const events_published& p) {
      log->events.insert(log->events.end(), p.events.begin(), p.events.end());
    },
    [log](const session_ended&) { ++log->ended; },
  };
}

/// Takes anything and keeps it, in place of the cluster's other actors.
struct message_log {
  std::vector<caf::message> seen;

  template <class T>
  std::vector<T> of() const {
    std::vector<T> out;
    for (const auto& m : seen)
      if (m.match_elements<T>())
        out.push_back(m.get_as<T>(0));
    return out;
  }
};

inline caf::behavior any_actor(caf::event_based_actor* self, message_log* log) {
  self->set_default_handler([log](caf::scheduled_actor*, caf::message& m) -> caf::skippable_result {
    log->seen.push_back(m);
    return caf::message{};
  });
  return {[](caf::unit_t) {}};
}

/// The scheduler, a clock, and ways to ask.
struct cluster_scene : test_coordinator_fixture<> {
  std::chrono::milliseconds now{1'000'000};
  std::vector<caf::error> errors;
  std::vector<caf::actor> ends; // ended with the test

  ~cluster_scene() override { finish(); }

  /// Ends all actors. A fixture that has what they write to calls it in its destructor.
  void finish() {
    for (const auto& a : std::exchange(ends, {}))
      caf::anon_send_exit(a, caf::exit_reason::user_shutdown);
    run();
  }

  template <class Handle>
  Handle keep(Handle handle) {
    ends.push_back(caf::actor_cast<caf::actor>(handle));
    return handle;
  }

  void advance(std::chrono::milliseconds time, std::chrono::milliseconds step = 10ms) {
    for (; time > 0ms; time -= step) {
      now += std::min(step, time);
      sched.advance_time(std::min(step, time));
      consume_messages();
    }
  }

  /// Asks from a plain actor, so that several requests can be on their way at once.
  template <class Reply, class Message, class Handle>
  void ask(const Handle& whom, Message message, std::vector<Reply>* into) {
    sys.spawn([this, whom, message, into](caf::event_based_actor* self) {
      self->request(caf::actor_cast<caf::actor>(whom), caf::infinite, message)
        .then([into](const Reply& reply) { into->push_back(reply); },
              [this](const caf::error& why) { errors.push_back(why); });
    });
    consume_messages();
  }

  template <class Message, class Handle>
  void tell(const Handle& whom, Message message) {
    caf::anon_send(caf::actor_cast<caf::actor>(whom), std::move(message));
    consume_messages();
  }

  static domain::uuid user_in(std::int32_t shard) {
    auto id = domain::make_uuid_v7();
    id.bytes[15] = static_cast<std::uint8_t>(shard);
    return id;
  }

  static event some_event(std::int64_t seq) {
    return {{3, seq}, event_name::workout_started, {}, domain::from_millis(seq), shared_text{"{}"}};
  }

  template <class Reply>
  static std::optional<failure_code> code_of(const Reply& reply) {
    const auto* f = std::get_if<failure>(&reply.result);
    return f ? std::optional{f->code} : std::nullopt;
  }
};

} // namespace spotter::tests
