#include "persistence/redis/redis_commands.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

namespace spotter::persistence {

namespace {

// The same arithmetic as actors/limits/gcra: `full` is when the bucket will be full again, in
// microseconds. A key expires at that time, because an unknown bucket is a full one. Lua's numbers
// hold microseconds since 1970 exactly until the year 2255.
constexpr const char* take_script = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local emission, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local cost, least = tonumber(ARGV[3]), tonumber(ARGV[4])
local whole = emission * burst
local full = tonumber(redis.call('GET', KEYS[1])) or now
full = math.min(math.max(full, now), now + whole)
local available = math.floor((now + whole - full) / emission)
local granted, retry = 0, 0
if available >= least then
  granted = math.min(cost, available)
else
  retry = math.ceil((full + emission * least - whole - now) / 1000)
end
if granted > 0 then
  full = full + emission * granted
  redis.call('SET', KEYS[1], string.format('%.0f', full),
             'PX', math.max(1, math.ceil((full - now) / 1000)))
end
return {granted, available - granted, math.ceil((full - now) / 1000), retry}
)lua";

// The same rules as actors/limits/growing_wait: the value is `count:next`, and the key expires when
// the attempts are forgotten.
constexpr const char* count_script = R"lua(
local time = redis.call('TIME')
local now = math.floor(time[1] * 1000 + time[2] / 1000)
local free, first, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local most, rest, forget = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local count, next = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+):(%d+)$')
count, next = tonumber(count) or 0, tonumber(next) or 0
local allowed = next <= now
if allowed and ARGV[7] == '1' then
  count = count + 1
  local wait = 0
  if count >= most then
    wait = rest
  elseif count > free then
    wait = math.min(first * 2 ^ math.min(count - free - 1, 30), longest)
  end
  next = now + wait
  redis.call('SET', KEYS[1], string.format('%.0f:%.0f', count, next),
             'PX', math.max(1, wait, forget))
end
return {allowed and 1 or 0, count, math.max(next - now, 0)}
)lua";

constexpr const char* forgive_script = R"lua(
local count = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+):')
local left = (tonumber(count) or 0) - tonumber(ARGV[1])
if ARGV[1] == '0' or left <= 0 then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], string.format('%.0f:0', left), 'KEEPTTL')
end
return {}
)lua";

/// As many whole numbers as are wanted.
template <std::size_t N>
bool numbers(const redis_reply& from, std::array<std::int32_t, N>& to) {
  if (from.is != redis_reply::kind::list || from.items.size() != N)
    return false;
  for (std::size_t i = 0; i < N; ++i) {
    if (from.items[i].is != redis_reply::kind::integer)
      return false;
    to[i] = static_cast<std::int32_t>(
      std::clamp<std::int64_t>(from.items[i].integer, 0, std::numeric_limits<std::int32_t>::max()));
  }
  return true;
}

} // namespace

std::vector<redis_command> load_scripts() {
  return {{"SCRIPT", "LOAD", take_script},
          {"SCRIPT", "LOAD", count_script},
          {"SCRIPT", "LOAD", forgive_script}};
}

redis_scripts loaded(std::span<const redis_reply> replies) {
  for (const auto& reply : replies)
    if (reply.is != redis_reply::kind::text)
      throw redis_failure{"the scripts were refused: " + reply.text};
  return {replies[0].text, replies[1].text, replies[2].text};
}

redis_command redis_commands::take(const redis_scripts& by,
                                   const messages::take_tokens& what) const {
  const auto window = std::int64_t{what.window_ms} * 1'000;
  const auto emission = std::max<std::int64_t>(window / std::max(what.quota, 1), 1);
  const auto burst = std::max(what.burst, 1);
  return {"EVALSHA",
          by.take,
          "1",
          prefix_ + "bucket:" + what.key,
          std::to_string(emission),
          std::to_string(burst),
          std::to_string(std::max(what.cost, 0)),
          std::to_string(std::clamp(what.least, 1, burst))};
}

redis_command redis_commands::count(const redis_scripts& by,
                                    const messages::attempt_counter& what) const {
  return {"EVALSHA",
          by.count,
          "1",
          prefix_ + "attempts:" + what.key,
          std::to_string(what.free),
          std::to_string(what.first_wait_ms),
          std::to_string(what.longest_wait_ms),
          std::to_string(what.most),
          std::to_string(what.rest_ms),
          std::to_string(what.forget_ms),
          what.counts ? "1" : "0"};
}

redis_command redis_commands::forgive(const redis_scripts& by,
                                      const messages::forgive_attempts& what) const {
  return {"EVALSHA", by.forgive, "1", prefix_ + "attempts:" + what.key, std::to_string(what.count)};
}

redis_command redis_commands::find(const messages::get_cached& what) const {
  return {"GET", prefix_ + "cache:" + what.key};
}

redis_command redis_commands::keep(const messages::keep& what) const {
  return {"SET", prefix_ + "cache:" + what.key, what.value.str(), "PX",
          std::to_string(std::max(what.ttl_ms, 1))};
}

bool read(const redis_reply& from, const messages::take_tokens& asked, messages::tokens_taken& to) {
  std::array<std::int32_t, 4> n{};
  if (!numbers(from, n))
    return false;
  to = {n[0], std::max(asked.burst, 1), n[1], n[2], n[3]};
  return true;
}

bool read(const redis_reply& from, messages::attempt_state& to) {
  std::array<std::int32_t, 3> n{};
  if (!numbers(from, n))
    return false;
  to = {n[0] == 1, n[1], n[2]};
  return true;
}

bool read(redis_reply&& from, messages::cached_value& to) {
  if (from.is != redis_reply::kind::nil && from.is != redis_reply::kind::text)
    return false;
  to.found = from.is == redis_reply::kind::text;
  to.value = messages::shared_text{std::move(from.text)};
  return true;
}

bool lacks_script(const redis_reply& reply) {
  return reply.is == redis_reply::kind::error && reply.text.starts_with("NOSCRIPT");
}

} // namespace spotter::persistence
