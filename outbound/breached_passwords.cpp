#include "outbound/breached_passwords.hpp"

#include "outbound/http_get.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/telemetry/counter.hpp>
#include <caf/telemetry/metric_registry.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <openssl/evp.h>
#include <spdlog/spdlog.h>

#include <array>
#include <stdexcept>

namespace spotter::outbound {

namespace {

constexpr std::size_t prefix_size = 5;
constexpr std::size_t most_bytes = 256 * 1024; // a range has about a thousand lines of 40 bytes

struct checker_state {
  static inline const char* name = "spotter.breached_passwords";

  checker_state(messages::breach_actor::pointer self, breach_settings settings)
    : self_(self), settings_(std::move(settings)) {}

  messages::breach_actor::behavior_type make_behavior() {
    return {
      [this](const messages::check_breached& ask) -> caf::result<messages::breach_checked> {
        try {
          const auto found = look_up(ask.password);
          count(found ? "found" : "clean");
          return messages::breach_checked{found};
        } catch (const std::exception& why) {
          count("failed");
          spdlog::warn("breached passwords could not be asked for: {}", why.what());
          return caf::make_error(caf::sec::runtime_error, "the service gave no answer");
        }
      },
    };
  }

private:
  bool look_up(std::string_view password) const {
    const auto digest = sha1_hex(password);
    http_request request;
    request.url = settings_.url + digest.substr(0, prefix_size);
    request.headers = {"Add-Padding: true", "User-Agent: spotter"};
    request.limits = settings_.limits;
    request.most_bytes = most_bytes;
    request.authorities = settings_.authorities;
    const auto answer = http_get(request);
    if (!answer)
      throw std::runtime_error(answer.error());
    if (answer->status != 200)
      throw std::runtime_error("it answered with " + std::to_string(answer->status));
    return names_suffix(answer->body, std::string_view{digest}.substr(prefix_size));
  }

  void count(const char* result) {
    self_->system()
      .metrics()
      .counter_instance("spotter", "breach-checks", {{"result", result}},
                        "Passwords looked up among breached ones.", "1", true)
      ->inc();
  }

  messages::breach_actor::pointer self_;
  breach_settings settings_;
};

bool same_hex(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size())
    return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char c = a[i] >= 'a' && a[i] <= 'f' ? static_cast<char>(a[i] - 'a' + 'A') : a[i];
    if (c != b[i])
      return false;
  }
  return true;
}

} // namespace

std::string sha1_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1)
    throw std::runtime_error("SHA-1 is not to be had");
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    out += digits[digest[i] >> 4];
    out += digits[digest[i] & 15u];
  }
  return out;
}

bool names_suffix(std::string_view answer, std::string_view suffix) noexcept {
  while (!answer.empty()) {
    const auto end = answer.find('\n');
    auto line = answer.substr(0, end);
    answer = end == answer.npos ? std::string_view{} : answer.substr(end + 1);
    if (!line.empty() && line.back() == '\r')
      line.remove_suffix(1);
    const auto colon = line.find(':');
    if (colon == line.npos || !same_hex(line.substr(0, colon), suffix))
      continue;
    return line.substr(colon + 1).find_first_not_of('0') != line.npos;
  }
  return false;
}

messages::breach_actor spawn_breached_passwords(caf::actor_system& system,
                                                breach_settings settings) {
  using impl = messages::breach_actor::stateful_impl<checker_state>;
  return system.spawn<impl, caf::detached>(std::move(settings));
}

} // namespace spotter::outbound
