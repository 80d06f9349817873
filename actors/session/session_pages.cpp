#include "actors/session/session_core.hpp"
#include "actors/session/session_failures.hpp"

#include <fmt/format.h>

#include <charconv>
#include <numeric>
#include <optional>

// Rendered reads. The session sees every change of its user's data, so what it keeps between two
// changes can't be stale.

namespace spotter::actors {

using namespace messages;

namespace {

std::int64_t millis_or_zero(const std::optional<domain::instant>& at) {
  return at ? domain::to_millis(*at) : 0;
}

/// What tells one cacheable read from another; empty for one that is not kept.
std::string cache_key(const query& what) {
  if (const auto* list = std::get_if<get_workouts>(&what))
    return fmt::format("workouts|{}|{}|{}|{}|{}", list->window.limit, list->window.cursor,
                       list->state, millis_or_zero(list->since), millis_or_zero(list->until));
  if (const auto* one = std::get_if<get_workout>(&what))
    return "workout|" + domain::to_string(one->workout_id);
  return {};
}

// Counts with each change of what a rendered page looks like, so that two releases don't mix theirs.
constexpr int page_format = 1;

/// Lists cost the database many times what looking for them costs; a single workout does not.
bool is_worth_sharing(const query& what) {
  return std::holds_alternative<get_workouts>(what);
}

// The page as the cache holds it: its version, a line feed, its text.
std::string packed(const rendered& page) {
  return fmt::format("{}\n{}", page.version, page.body.view());
}

std::optional<rendered> unpacked(const shared_text& text) {
  const auto all = text.view();
  rendered out;
  const auto [end, error] = std::from_chars(all.data(), all.data() + all.size(), out.version);
  const auto body = static_cast<std::size_t>(end - all.data());
  if (error != std::errc{} || body >= all.size() || all[body] != '\n')
    return std::nullopt;
  out.body = std::string{all.substr(body + 1)};
  return out;
}

} // namespace

/// A read on its way to its answer.
struct session_state::page_request {
  read what;
  std::string key; // empty: not kept
  read_promise promise;
  std::uint64_t generation = 0; // what was stored when it came
  std::string shared_key;       // in the shared cache; empty: not kept there
  bool from_memory = false;     // the head in that key is what this session remembers
};

void session_state::answer_read(read what, read_promise promise) {
  auto& c = active();
  if (retiring_) {
    promise.deliver(read_reply{session_moved()});
    return;
  }
  const auto key = cache_key(what.what);
  for (const auto& page : c.pages)
    if (!key.empty() && page.key == key) {
      if (may_speak())
        promise.deliver(read_reply{page.text});
      else
        promise.deliver(read_reply{session_moved()});
      return;
    }
  ++c.reading;
  const bool shared = env_->cache && is_worth_sharing(what.what);
  page_request wanted{std::move(what), key, std::move(promise), c.generation, {}, false};
  if (shared)
    look_up(std::move(wanted));
  else
    render(std::move(wanted));
}

// A page is asked for by the last event that it can show: a user's events are numbered without gaps
// and each number is given once, so what has this name is never stale, whoever made it.
void session_state::look_up(page_request wanted) {
  if (core_->state && may_speak()) {
    wanted.from_memory = true;
    const auto head = core_->state->head();
    look_up(std::move(wanted), head);
    return;
  }
  self_->request(env_->reader, env_->limits.load_time_out, load_session{user_id_})
    .then(
      [this, wanted](const session_image& image) mutable {
        if (image.found)
          look_up(std::move(wanted), {image.head_epoch, image.head_seq});
        else
          render(std::move(wanted));
      },
      [this, wanted](const caf::error&) mutable { render(std::move(wanted)); });
}

void session_state::look_up(page_request wanted, const position& head) {
  wanted.shared_key = fmt::format("page{}|{}|{}|{}.{}", page_format, domain::to_string(user_id_),
                                  wanted.key, head.epoch, head.seq);
  get_cached question{wanted.shared_key};
  self_->request(env_->cache, env_->limits.load_time_out, std::move(question))
    .then(
      [this, wanted](const cached_value& found) mutable {
        auto page = found.found ? unpacked(found.value) : std::nullopt;
        // Another may have become the owner since memory was asked for the head.
        if (!page || (wanted.from_memory && !may_speak())) {
          render(std::move(wanted));
          return;
        }
        keep_page(wanted, *page);
        wanted.promise.deliver(read_reply{std::move(*page)});
        read_ended();
      },
      [this, wanted](const caf::error&) mutable { render(std::move(wanted)); });
}

void session_state::render(page_request wanted) {
  self_->request(env_->reader, env_->limits.load_time_out, wanted.what)
    .then(
      [this, wanted](read_reply& reply) mutable {
        if (const auto* page = std::get_if<rendered>(&reply.result)) {
          keep_page(wanted, *page);
          // While a unit is with the writer, the page may show more than its name says.
          if (!wanted.shared_key.empty() && core_->generation == wanted.generation
              && !core_->in_flight)
            self_->send(env_->cache, messages::keep{wanted.shared_key, packed(*page),
                                                    static_cast<std::int32_t>(
                                                      env_->limits.shared_page_time.count())});
        }
        wanted.promise.deliver(std::move(reply));
        read_ended();
      },
      [this, wanted](caf::error& why) mutable {
        wanted.promise.deliver(std::move(why));
        read_ended();
      });
}

void session_state::keep_page(const page_request& wanted, const rendered& page) {
  auto& c = *core_;
  const auto size = page.body.view().size();
  if (wanted.key.empty() || c.generation != wanted.generation
      || size > env_->limits.cached_page_bytes)
    return;
  const auto total =
    std::accumulate(c.pages.begin(), c.pages.end(), size, [](std::size_t sum, const auto& kept) {
      return sum + kept.text.body.view().size();
    });
  if (c.pages.size() >= env_->limits.cached_pages || total > env_->limits.cached_page_bytes)
    c.pages.clear();
  c.pages.push_back({wanted.key, page});
}

void session_state::read_ended() {
  --core_->reading;
  if (retiring_)
    end_retired();
}

} // namespace spotter::actors
