#include "gateway/limits/key_lookup.hpp"

#include "gateway/problem.hpp"
#include "gateway/worker.hpp"

#include <caf/actor_cast.hpp>

namespace spotter::gateway {

/// One of the questions that an address has running.
class key_lookup::turn {
public:
  turn(key_lookup& of, const std::string& whose) : of_(of), whose_(whose) {
    ++of_.running_[whose_];
  }
  ~turn() {
    if (const auto it = of_.running_.find(whose_); --it->second == 0)
      of_.running_.erase(it);
  }
  turn(const turn&) = delete;
  turn& operator=(const turn&) = delete;
  [[nodiscard]] std::int32_t count() const { return of_.running_.at(whose_); }

private:
  key_lookup& of_;
  std::string whose_;
};

awaitable<key_lookup::verdict> key_lookup::ask(std::string key, messages::device_info device,
                                               std::string whose) {
  constexpr auto kind = limit_kind::sign_in;
  verdict out;
  auto to = caf::actor_cast<caf::strong_actor_ptr>(at_.common().ports.factors);
  if (!to) {
    out.refusal = messages::failure{
      messages::failure_code::unavailable, "This part is not running.", {}, 5'000};
    co_return out;
  }
  const turn mine{*this, whose};
  auto looking = at_.limits().look(kind, whose);
  auto now = co_await std::move(looking);
  // Those that are under way count as if nobody had their keys.
  if (now.quota > 0 && now.granted && mine.count() > now.left) {
    now.granted = false;
    now.retry_after = std::chrono::seconds{1};
  }
  if (!now.granted) {
    out.refusal = now.refusal(kind);
    out.sign_ins = now;
    co_return out;
  }
  auto question = caf::make_message(messages::check_api_key{key, std::move(device)});
  auto waiting =
    at_.actors().ask(std::move(to), std::move(question), at_.common().config.limits.ask_timeout);
  auto result = co_await std::move(waiting);
  const auto checked =
    decode<messages::api_key_checked>(std::move(result), messages::failure_code::unavailable);
  if (!checked)
    out.refusal = checked.error();
  else
    out.refusal = checked->problem;
  if (out.refusal)
    co_return out;
  at_.tokens().learn(key, *checked, domain::now());
  if (!checked->found) {
    auto counting = at_.limits().ask(kind, whose);
    out.sign_ins = co_await std::move(counting);
    if (!out.sign_ins.granted)
      out.refusal = out.sign_ins.refusal(kind);
  }
  co_return out;
}

} // namespace spotter::gateway
