#pragma once

#include "actors/messages/limit.hpp"
#include "gateway/net.hpp"

namespace spotter::gateway {

/// The part of one account's allowance that one io thread holds, so that a request costs a
/// subtraction instead of a round trip to the actor that counts. A part is `chunk` tokens; when half
/// of it is used, the next is asked for, and nobody waits for the answer.
///
/// Inexact by design. Before the first answer, and while one is on its way, up to `chunk` requests go
/// through on credit, which the next answer pays back: an account gets at most `chunk` requests more
/// than its allowance for each io thread that serves it, once. After a minute without requests what
/// a thread holds is lost, so much less another thread may get; and so is what was used on credit
/// before half of it made the thread ask: at most half a `chunk` is never counted.
class lease {
public:
  struct verdict {
    bool granted = true;
    std::int32_t ask_for = 0; // > 0: ask for so many tokens, and give the answer to `answered`
  };

  explicit lease(std::int32_t chunk) : chunk_(chunk) {}

  [[nodiscard]] verdict take(steady::time_point now);
  void answered(const messages::tokens_taken& what, steady::time_point now);
  /// There is no answer: better to let a chunk through than to refuse everybody.
  void unanswered();

  /// How many requests are left, as far as this thread knows.
  [[nodiscard]] std::int32_t left(std::int32_t quota) const noexcept;
  /// How long until the bucket is full again, if nobody takes more.
  [[nodiscard]] std::chrono::milliseconds reset(steady::time_point now) const noexcept;
  /// How long until a request is let through, of a refused one.
  [[nodiscard]] std::chrono::milliseconds retry_after(steady::time_point now) const noexcept;

  [[nodiscard]] bool is_idle(steady::time_point now) const noexcept;

private:
  std::int32_t chunk_;
  std::int32_t tokens_ = 0;     // negative: on credit
  std::int32_t remaining_ = -1; // in the bucket at the last answer; -1: there was none
  bool asking_ = false;
  steady::time_point blocked_until_{};
  steady::time_point full_at_{};
  steady::time_point used_{};
};

} // namespace spotter::gateway
