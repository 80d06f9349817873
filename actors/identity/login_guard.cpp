#include "actors/identity/login_guard.hpp"

#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <limits>
#include <tuple>

namespace spotter::actors::identity {

using messages::attempt_counter;

namespace {

constexpr std::int32_t day_ms = 86'400'000;

// With a hundred people behind one address, some fail at any time.
constexpr std::int32_t network_free = 100;
constexpr std::int32_t network_longest_ms = 60'000;
constexpr std::int32_t network_forget_ms = 600'000;

std::int32_t ms(std::chrono::milliseconds time) {
  return static_cast<std::int32_t>(std::min<std::int64_t>(time.count(), day_ms));
}

attempt_counter counter_of_account(const attempt_settings& how, std::string key,
                                   std::int32_t free) {
  attempt_counter out;
  out.key = std::move(key);
  out.free = std::min(free, how.most - 1);
  out.first_wait_ms = ms(how.first_wait);
  out.longest_wait_ms = ms(how.longest_wait);
  out.most = how.most;
  out.rest_ms = out.forget_ms = day_ms;
  return out;
}

attempt_counter counter_of_network(const attempt_settings& how, const std::string& network) {
  attempt_counter out;
  out.key = "failed-from:" + network;
  out.free = network_free;
  out.first_wait_ms = std::min(ms(how.first_wait), network_longest_ms);
  out.longest_wait_ms = network_longest_ms;
  out.most = std::numeric_limits<std::int32_t>::max();
  out.forget_ms = network_forget_ms;
  return out;
}

std::string account_key(const std::string& account) {
  return "login:" + account;
}

std::string pair_key(const std::string& account, const std::string& network) {
  return account_key(account) + "|" + network;
}

messages::failure slow_down(std::int32_t wait_ms) {
  return {messages::failure_code::too_many_requests,
          "Too many sign-ins of this account, or from this address, have failed. Wait a while, or "
          "use a device that is signed in.",
          {},
          std::max(wait_ms, 1)};
}

} // namespace

std::string network_of(const std::string& address) {
  std::array<unsigned char, 16> bytes{};
  if (::inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1)
    return address;
  char text[INET6_ADDRSTRLEN] = "";
  constexpr std::array<unsigned char, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::equal(mapped.begin(), mapped.end(), bytes.begin()))
    return ::inet_ntop(AF_INET, bytes.data() + mapped.size(), text, sizeof text);
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return std::string{::inet_ntop(AF_INET6, bytes.data(), text, sizeof text)} + "/64";
}

login_guard::attempt::attempt(const login_guard& guard, std::string account, std::string network,
                              bool by_known)
  : counts_(guard.settings_.counts), settings_(guard.settings_), account_(std::move(account)),
    network_(std::move(network)), by_known_(by_known) {}

login_guard::attempt::~attempt() {
  if (!over_)
    take_back();
}

void login_guard::attempt::failed() {
  over_ = true;
  caf::anon_send(counts_, messages::count_attempts{{counter_of_network(settings_, network_)}});
}

void login_guard::attempt::succeeded() {
  over_ = true;
  caf::anon_send(counts_, messages::forgive_attempts{pair_key(account_, network_), 0});
  forgive_account();
}

void login_guard::attempt::take_back() {
  over_ = true;
  caf::anon_send(counts_, messages::forgive_attempts{pair_key(account_, network_), 1});
  forgive_account();
}

// What others have failed with stays counted.
void login_guard::attempt::forgive_account() {
  if (!by_known_)
    caf::anon_send(counts_, messages::forgive_attempts{account_key(account_), 1});
}

login_guard::login_guard(actor self, const settings& how, messages::identity_store_actor store,
                         std::function<std::string(std::string_view)> disguise)
  : self_(self), settings_(how.attempts), store_timeout_(how.store_timeout),
    store_(std::move(store)), disguise_(std::move(disguise)) {}

void login_guard::enter(const std::string& email, const std::string& address,
                        verdict_handler then) const {
  if (!settings_.counts || settings_.most <= 0) {
    then(nullptr, std::nullopt);
    return;
  }
  auto account = disguise_(email);
  auto network = network_of(address);
  messages::count_attempts question;
  question.counters = {counter_of_account(settings_, pair_key(account, network), settings_.free),
                       counter_of_account(settings_, account_key(account), 2 * settings_.free),
                       counter_of_network(settings_, network)};
  question.counters[2].counts = false;
  self_->request(settings_.counts, store_timeout_, std::move(question))
    .then(
      [this, email, account, network, then](const messages::attempts_counted& counted) {
        if (counted.states.size() != 3) {
          then(nullptr, std::nullopt);
          return;
        }
        const auto& [pair, whole, from] =
          std::tie(counted.states[0], counted.states[1], counted.states[2]);
        if (!pair.allowed) {
          if (whole.allowed)
            caf::anon_send(settings_.counts, messages::forgive_attempts{account_key(account), 1});
          then(nullptr, slow_down(pair.wait_ms));
          return;
        }
        // Taken back by its end, if it goes no further.
        auto tried = std::make_shared<attempt>(*this, account, network, !whole.allowed);
        if (whole.allowed && from.allowed)
          then(std::move(tried), std::nullopt);
        else
          judge(std::move(tried), counted, email, network, then);
      },
      [then](const caf::error& why) {
        spdlog::warn("attempts to sign in can't be counted: {}", caf::to_string(why));
        then(nullptr, std::nullopt);
      });
}

// The account or the network is to wait: only who has been here before goes on.
void login_guard::judge(attempt_ptr tried, const messages::attempts_counted& counted,
                        const std::string& email, const std::string& network,
                        const verdict_handler& then) const {
  const auto wait = std::max(counted.states[1].allowed ? 0 : counted.states[1].wait_ms,
                             counted.states[2].allowed ? 0 : counted.states[2].wait_ms);
  self_->request(store_, store_timeout_, messages::load_addresses{email})
    .then(
      [tried, network, wait, then](const messages::known_addresses& known) {
        const bool is_known =
          std::any_of(known.addresses.begin(), known.addresses.end(),
                      [&](const auto& address) { return network_of(address) == network; });
        if (is_known)
          then(tried, std::nullopt);
        else
          then(nullptr, slow_down(wait));
      },
      [wait, then](const caf::error&) { then(nullptr, slow_down(wait)); });
}

} // namespace spotter::actors::identity
