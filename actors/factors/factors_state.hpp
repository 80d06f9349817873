#pragma once

#include "actors/factors/factors.hpp"

#include <caf/actor_clock.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace spotter::actors::factors {

/// Proves people by codes, makes and checks API keys, and passes shares on to the store. Holds no
/// state of anybody: the database has it all, and decides between two who come at once.
class factors_state {
public:
  static inline const char* name = "spotter.factors";

  factors_state(messages::factors_actor::pointer self, parts parts);
  factors_state(const factors_state&) = delete;
  factors_state& operator=(const factors_state&) = delete;

  messages::factors_actor::behavior_type make_behavior();

private:
  using reply_to = caf::typed_response_promise<messages::read_reply>;

  /// One request of a signed-in user on its way.
  struct asker {
    domain::uuid user_id;
    domain::uuid login_id;
    messages::device_info device;
    reply_to to;
  };
  using on_image = std::function<void(messages::factor_image&)>;
  using on_stored = std::function<void(messages::factor_stored&)>;
  using on_hashes = std::function<void(std::vector<std::string>)>;
  /// The code that was right, or nothing.
  using on_code = std::function<void(std::optional<messages::used_code>)>;
  /// Recovery codes, the first of which are hashed.
  struct codes_in_the_making {
    std::vector<std::string> codes;
    std::vector<std::string> hashes;
    caf::actor_clock::time_point until;
  };
  using on_failure = std::function<void(messages::failure)>;

  // factors.cpp
  void serve(messages::factor_request request, reply_to to);
  void pass_on(asker who, messages::factor_change what);
  void create_key(asker who, messages::create_api_key request);
  caf::typed_response_promise<messages::api_key_checked> check_key(
    const messages::check_api_key& request);

  // second_factor.cpp
  void begin(asker who);
  void confirm(asker who, std::string code);
  void remove(asker who);
  void renew_codes(asker who);
  void reauthenticate(asker who, messages::reauthenticate request);
  void prove(asker who, messages::factor_image image, messages::reauthenticate request);
  void hash_codes(const asker& who, std::vector<std::string> codes, on_hashes then);
  void hash_next(const asker& who, codes_in_the_making work, on_hashes then);
  void check_code(const domain::uuid& user_id, const messages::factor_image& image,
                  const std::string& code, on_code then, on_failure otherwise);

  // challenge.cpp
  caf::typed_response_promise<messages::challenge_begun> begin_challenge(
    const messages::begin_challenge& request);
  caf::typed_response_promise<messages::challenge_answered> answer_challenge(
    messages::answer_challenge request);

  /// Lets an attempt at a code of this user through, or says how long to wait.
  void count_attempt(const domain::uuid& user_id, std::function<void()> then, on_failure otherwise);
  void forgive_attempts(const domain::uuid& user_id);

  void load(const asker& who, on_image then);
  void store(const asker& who, messages::factor_change what, on_stored then);
  void answer(const asker& who, std::string body, std::int64_t version = 0, bool replayed = false);
  void refuse(const asker& who, messages::failure why);
  void tell_ended(const domain::uuid& user_id, const std::vector<domain::uuid>& ended,
                  bool announce);
  void note(const char* kind, const domain::uuid& user_id, const messages::device_info& device);

  messages::factors_actor::pointer self_;
  parts parts_;
  std::size_t in_flight_ = 0;
  std::unordered_set<domain::uuid> making_codes_; // whose
};

} // namespace spotter::actors::factors
