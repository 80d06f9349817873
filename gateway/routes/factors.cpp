#include "gateway/routes/answers.hpp"

// Second factors, and proving oneself once more.

namespace spotter::gateway {

namespace {

// POST /v1/me/mfa/totp
awaitable<response> post_totp(call& c) {
  return ask_factors(c, messages::begin_totp{});
}

// POST /v1/me/mfa/totp/confirm
awaitable<response> confirm_totp(call& c) {
  auto body = parse_confirm_totp(body_of(c));
  if (!body)
    return answer(to_response(body.error(), c.trace_id));
  return ask_factors(c, std::move(*body));
}

// DELETE /v1/me/mfa/totp
awaitable<response> delete_totp(call& c) {
  return ask_factors(c, messages::remove_totp{});
}

// POST /v1/me/mfa/recovery-codes
awaitable<response> post_recovery_codes(call& c) {
  return ask_factors(c, messages::renew_recovery_codes{});
}

// POST /v1/me/reauth
awaitable<response> post_reauth(call& c) {
  auto body = parse_reauthenticate(body_of(c));
  if (!body)
    return answer(to_response(body.error(), c.trace_id));
  return ask_factors(c, std::move(*body));
}

constexpr route rows[] = {
  {verb::post, "/v1/me/mfa/totp", post_totp},
  {verb::del, "/v1/me/mfa/totp", delete_totp},
  {verb::post, "/v1/me/mfa/totp/confirm", confirm_totp, true, body_kind::json, true},
  {verb::post, "/v1/me/mfa/recovery-codes", post_recovery_codes, true, body_kind::none, true},
  {verb::post, "/v1/me/reauth", post_reauth, true, body_kind::json, true},
};

} // namespace

std::span<const route> factor_routes() {
  return rows;
}

} // namespace spotter::gateway
