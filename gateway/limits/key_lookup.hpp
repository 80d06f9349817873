#pragma once

#include "actors/messages/factor.hpp"
#include "gateway/limits/limiter.hpp"

#include <optional>
#include <string>
#include <unordered_map>

namespace spotter::gateway {

class worker;

/// Asks one io thread's questions about API keys of which it knows nothing. Each takes the database's
/// time, and anybody can make up keys: those that nobody has count as sign-ins of their address, and
/// where these are spent nobody is asked. Io thread only.
class key_lookup {
public:
  /// What is to be done with whoever sent the key.
  struct verdict {
    std::optional<messages::failure> refusal; // nothing: the verifier knows now
    allowance sign_ins;                       // where the key counted as one, or could not
  };

  explicit key_lookup(worker& at) : at_(at) {}
  key_lookup(const key_lookup&) = delete;
  key_lookup& operator=(const key_lookup&) = delete;

  /// Has the thread's verifier learn of a key that `whose` (see `address_group`) sent.
  [[nodiscard]] awaitable<verdict> ask(std::string key, messages::device_info device,
                                       std::string whose);

private:
  class turn;

  worker& at_;
  std::unordered_map<std::string, std::int32_t> running_; // by address
};

} // namespace spotter::gateway
