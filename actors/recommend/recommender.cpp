#include "actors/recommend/recommender.hpp"

#include "domain/json.hpp"

#include <caf/send.hpp>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace spotter::actors {

namespace {

constexpr const char* variant_name = "default"; // until there are experiments

messages::command_reply refuse(messages::failure_code code, std::string detail) {
  messages::failure result;
  result.code = code;
  result.detail = std::move(detail);
  if (code == messages::failure_code::overloaded || code == messages::failure_code::unavailable)
    result.retry_after_ms = 1'000;
  return {std::move(result)};
}

messages::command_reply refuse(std::vector<messages::field_error> errors) {
  messages::failure result;
  result.code = messages::failure_code::invalid_content;
  result.detail = "The question cannot be answered as it is.";
  result.errors = std::move(errors);
  return {std::move(result)};
}

/// The resource as clients see it, but for what the session adds when it is stored.
std::string render(const domain::uuid& id, const messages::recommend& ask,
                   const messages::advice& found) {
  std::string out;
  domain::json_writer json{out};
  json.begin_object();
  json.member("id", id).member("kind", ask.kind);
  json.member("engine", ask.engine).member("variant", variant_name);
  json.member("exercise_id", ask.exercise_id);
  json.key("suggestion").raw(found.suggestion.view());
  json.key("inputs").raw(found.inputs.view());
  json.member("explanation", found.explanation);
  json.member("created_at", domain::now());
  json.end_object();
  return out;
}

/// Whether a stored resource answers this question.
bool answers(std::string_view resource, const messages::recommend& ask) {
  const auto says = [resource](std::string_view name, std::string_view text) {
    return resource.find(fmt::format(R"("{}":"{}")", name, text)) != resource.npos;
  };
  // Not all engines look at the range of repetitions; those that do say so.
  const auto counts = [resource](std::string_view name, std::int32_t number) {
    const auto member = fmt::format(R"("{}":)", name);
    const auto at = resource.find(member);
    if (at == resource.npos)
      return true;
    const auto value = resource.substr(at + member.size());
    return value.substr(0, value.find_first_not_of("0123456789")) == std::to_string(number);
  };
  return says("kind", ask.kind) && says("engine", ask.engine)
         && says("exercise_id", to_string(ask.exercise_id)) && counts("rep_min", ask.rep_min)
         && counts("rep_max", ask.rep_max);
}

messages::command_reply replay(std::int64_t version, messages::position at,
                               messages::shared_text body) {
  messages::outcome result;
  result.created = true;
  result.replayed = true;
  result.version = version;
  result.at = at;
  result.body = std::move(body);
  return {std::move(result)};
}

} // namespace

recommender_state::recommender_state(actor_type::pointer self, messages::reader_actor reader,
                                     shard_directory shards, engine_table engines,
                                     recommend_settings settings)
  : self_(self), reader_(std::move(reader)), shards_(std::move(shards)),
    engines_(std::move(engines)), settings_(std::move(settings)), metrics_(self->system()) {}

recommender_state::~recommender_state() {
  for (const auto& [engine_name, pool] : pools_)
    caf::anon_send_exit(pool, caf::exit_reason::user_shutdown);
}

recommender_state::actor_type::behavior_type recommender_state::make_behavior() {
  self_->set_down_handler([this](const caf::down_msg& down) {
    for (auto& [engine_name, pool] : pools_) {
      if (pool.address() != down.source)
        continue;
      spdlog::error("The pool of {} ended: {}", engine_name, to_string(down.reason));
      open_pool(engine_name);
      return;
    }
  });
  for (const auto& [engine_name, unused] : engines_)
    open_pool(engine_name);
  return {
    [this](messages::recommend& ask) { return accept(std::move(ask)); },
  };
}

void recommender_state::open_pool(const std::string& engine_name) {
  auto pool = spawn_engine_pool(self_->system(), engine_name, engines_.at(engine_name).compute,
                                settings_.pool);
  self_->monitor(pool);
  pools_[engine_name] = std::move(pool);
}

std::vector<messages::field_error> recommender_state::check(messages::recommend& ask) const {
  std::vector<messages::field_error> errors;
  const auto default_engine = settings_.default_engine.find(ask.kind);
  if (default_engine == settings_.default_engine.end())
    errors.push_back({"/kind", "unknown_kind", "There is no recommender of this kind."});
  else if (ask.engine.empty())
    ask.engine = default_engine->second;
  const auto found = engines_.find(ask.engine);
  if (!ask.engine.empty() && (found == engines_.end() || found->second.kind != ask.kind))
    errors.push_back({"/engine", "unknown_engine", "There is no engine of this name and kind."});
  if (ask.rep_min < 1 || ask.rep_min > 100)
    errors.push_back({"/rep_min", "out_of_range", "Give 1 to 100 repetitions."});
  if (ask.rep_max < ask.rep_min || ask.rep_max > 100)
    errors.push_back({"/rep_max", "out_of_range", "Give at least rep_min, at most 100."});
  return errors;
}

caf::result<messages::command_reply> recommender_state::accept(messages::recommend ask) {
  if (auto errors = check(ask); !errors.empty())
    return refuse(std::move(errors));
  if (pending_ >= settings_.pending) {
    metrics_.answered(ask.engine, "refused");
    return refuse(messages::failure_code::overloaded, "Too many ask for advice right now.");
  }
  ++pending_;
  auto e = std::make_shared<errand>(errand{std::move(ask),
                                           self_->make_response_promise<messages::command_reply>(),
                                           self_->clock().now() + settings_.pool.deadline});
  look_for_answer(e);
  return e->answer;
}

void recommender_state::look_for_answer(const errand_ptr& e) {
  if (!e->ask.once) {
    look_for_resource(e);
    return;
  }
  self_->request(reader_, time_left(*e), messages::load_answer{e->ask.user_id, e->ask.once->key})
    .then(
      [this, e](messages::answer_image& image) {
        if (!image.answer)
          look_for_resource(e);
        else if (image.answer->fingerprint != e->ask.once->fingerprint)
          finish(e, refuse(messages::failure_code::idempotency_mismatch,
                           "this idempotency key was used with another request; use a new key"));
        else
          finish(e, replay(image.answer->version, image.answer->at, image.answer->body));
      },
      [this, e](const caf::error& why) { not_read(e, why); });
}

void recommender_state::look_for_resource(const errand_ptr& e) {
  if (!e->ask.recommendation_id) {
    study(e);
    return;
  }
  messages::read question{e->ask.user_id, messages::get_recommendation{*e->ask.recommendation_id}};
  self_->request(reader_, time_left(*e), std::move(question))
    .then(
      [this, e](messages::read_reply& reply) {
        if (auto* page = std::get_if<messages::rendered>(&reply.result)) {
          if (answers(page->body.view(), e->ask))
            finish(e, replay(page->version, {}, std::move(page->body)));
          else
            finish(e, refuse(messages::failure_code::id_reused,
                             "a recommendation with this id exists and differs; make a new id"));
          return;
        }
        auto& why = std::get<messages::failure>(reply.result);
        if (why.code == messages::failure_code::not_found)
          study(e);
        else
          finish(e, {std::move(why)});
      },
      [this, e](const caf::error& why) { not_read(e, why); });
}

void recommender_state::study(const errand_ptr& e) {
  const messages::load_exercise_history load{e->ask.user_id, e->ask.exercise_id,
                                             settings_.workouts};
  self_->request(reader_, time_left(*e), load)
    .then([this, e](messages::exercise_history& history) { reckon(e, std::move(history)); },
          [this, e](const caf::error& why) { not_read(e, why); });
}

void recommender_state::not_read(const errand_ptr& e, const caf::error& why) {
  if (why == caf::sec::request_timeout)
    fail(e, messages::failure_code::deadline_exceeded, "The history could not be read in time.",
         "late");
  else
    fail(e, messages::failure_code::unavailable, "The history could not be read: " + to_string(why),
         "no_history");
}

std::chrono::nanoseconds recommender_state::time_left(const errand& e) const {
  return std::max<std::chrono::nanoseconds>(e.deadline - self_->clock().now(),
                                            std::chrono::milliseconds{1});
}

void recommender_state::reckon(const errand_ptr& e, messages::exercise_history history) {
  if (!history.known) {
    finish(e, refuse({{"/exercise_id", "unknown_exercise", "There is no such exercise."}}));
    return;
  }
  messages::compute_advice task{e->ask, std::move(history)};
  self_->request(pools_.at(e->ask.engine), time_left(*e), std::move(task))
    .then(
      [this, e](messages::advice& found) { record(e, std::move(found)); },
      [this, e](const caf::error& why) {
        using messages::failure_code;
        if (why == caf::sec::request_timeout)
          fail(e, failure_code::deadline_exceeded, "The recommender did not answer in time.",
               "late");
        else if (why == caf::sec::unavailable_or_would_block)
          fail(e, failure_code::overloaded, "Too many ask for advice right now.", "refused");
        else // its own words are in the log: they may speak of what is not the caller's business
          fail(e, failure_code::engine_failed, "The recommender " + e->ask.engine + " failed.",
               "failed");
      });
}

void recommender_state::record(const errand_ptr& e, messages::advice found) {
  metrics_.answered(e->ask.engine, "ok");
  messages::record_recommendation made;
  made.recommendation_id = e->ask.recommendation_id.value_or(domain::make_uuid_v7());
  made.kind = e->ask.kind;
  made.engine = e->ask.engine;
  made.variant = variant_name;
  made.output = render(made.recommendation_id, e->ask, found);
  made.inputs = std::move(found.inputs);
  messages::command command;
  command.user_id = e->ask.user_id;
  command.trace_id = e->ask.trace_id;
  // Of two at once, both of which found nothing, the session stores one.
  command.once = e->ask.once;
  command.body = std::move(made);
  ask_session(self_, shards_, settings_.session, std::move(command),
              [this, e](messages::command_reply reply) { end(e, std::move(reply)); });
}

// Of two at once with the same id the second finds what the first has stored meanwhile.
void recommender_state::end(const errand_ptr& e, messages::command_reply reply) {
  const auto* why = std::get_if<messages::failure>(&reply.result);
  if (why && why->code == messages::failure_code::id_reused && !e->again) {
    e->again = true;
    look_for_resource(e);
    return;
  }
  finish(e, std::move(reply));
}

void recommender_state::fail(const errand_ptr& e, messages::failure_code code, std::string detail,
                             std::string_view result) {
  metrics_.answered(e->ask.engine, result);
  finish(e, refuse(code, std::move(detail)));
}

void recommender_state::finish(const errand_ptr& e, messages::command_reply reply) {
  --pending_;
  e->answer.deliver(std::move(reply));
}

messages::recommend_actor spawn_recommender(caf::actor_system& system,
                                            messages::reader_actor reader, shard_directory shards,
                                            engine_table engines, recommend_settings settings) {
  using implementation = messages::recommend_actor::stateful_impl<recommender_state>;
  return system.spawn<implementation>(std::move(reader), std::move(shards), std::move(engines),
                                      std::move(settings));
}

} // namespace spotter::actors
