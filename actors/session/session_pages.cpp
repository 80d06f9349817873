#include "actors/session/session_core.hpp"
#include "actors/session/session_failures.hpp"

#include <fmt/format.h>

#include <numeric>

// Rendered reads. The session sees every change of its user's data, so what it keeps between two
// changes can't be stale.

namespace spotter::actors {

using namespace messages;

namespace {

std::string millis_or_none(const std::optional<domain::instant>& at) {
  return at ? std::to_string(domain::to_millis(*at)) : "-";
}

/// What tells one cacheable read from another; empty for one that is not kept.
std::string cache_key(const query& what) {
  if (const auto* list = std::get_if<get_workouts>(&what))
    return fmt::format("workouts|{}|{}|{}|{}|{}", list->window.limit, list->window.cursor,
                       list->state, millis_or_none(list->since), millis_or_none(list->until));
  if (const auto* one = std::get_if<get_workout>(&what))
    return "workout|" + domain::to_string(one->workout_id);
  return {};
}

} // namespace

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
  self_->request(env_->reader, env_->limits.load_time_out, std::move(what))
    .then(
      [this, key, promise, generation = c.generation](read_reply& reply) mutable {
        auto& now = *core_;
        if (const auto* text = std::get_if<rendered>(&reply.result);
            text && !key.empty() && now.generation == generation) {
          const auto total = std::accumulate(
            now.pages.begin(), now.pages.end(), text->body.view().size(),
            [](std::size_t sum, const auto& page) { return sum + page.text.body.view().size(); });
          if (now.pages.size() >= env_->limits.cached_pages
              || total > env_->limits.cached_page_bytes)
            now.pages.clear();
          if (text->body.view().size() <= env_->limits.cached_page_bytes)
            now.pages.push_back({key, *text});
        }
        promise.deliver(std::move(reply));
        read_ended();
      },
      [this, promise](caf::error& why) mutable {
        promise.deliver(std::move(why));
        read_ended();
      });
}

void session_state::read_ended() {
  --core_->reading;
  if (retiring_)
    end_retired();
}

} // namespace spotter::actors
