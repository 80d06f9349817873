#pragma once

#include "gateway/http/request.hpp"
#include "gateway/http/response.hpp"
#include "gateway/limits/limit_kind.hpp"
#include "gateway/metrics.hpp"
#include "gateway/net.hpp"
#include "gateway/token.hpp"

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spotter::gateway {

class worker;
struct route;

/// One request on its way through a route.
struct call {
  worker& at;
  request& req;
  std::array<std::string_view, 3> args; // what stands for {…} in the path, in order
  caller who;                           // of routes that need a token
  std::string_view trace_id;
  std::string_view address; // the client's
  std::string_view request_id;
  bool secured = false; // the client came over TLS
};

/// Parse, ask, answer.
using route_handler = awaitable<response> (*)(call& c);

/// What a route's requests carry.
enum class body_kind : std::uint8_t { none = 1, json, optional_json, merge_patch, multipart };

/// One row of the table of routes.
struct route {
  verb method;
  std::string_view pattern; // "/v1/workouts/{id}"
  route_handler run;
  bool needs_token = true;
  body_kind body = body_kind::none;
  bool limited = false; // counts as a sign-in of the caller's address
  limit_kind limit = limit_kind::by_method;
};

// The tables, each in the file of its subject.
[[nodiscard]] std::span<const route> operator_routes();
[[nodiscard]] std::span<const route> identity_routes();
[[nodiscard]] std::span<const route> account_routes();
[[nodiscard]] std::span<const route> outbox_routes();
[[nodiscard]] std::span<const route> exercise_routes();
[[nodiscard]] std::span<const route> workout_routes();
[[nodiscard]] std::span<const route> set_routes();
[[nodiscard]] std::span<const route> story_routes();
[[nodiscard]] std::span<const route> import_routes();
[[nodiscard]] std::span<const route> recommendation_routes();
[[nodiscard]] std::span<const route> live_routes();
[[nodiscard]] std::span<const route> admin_routes();
[[nodiscard]] std::span<const route> audit_routes();
[[nodiscard]] std::span<const route> factor_routes();
[[nodiscard]] std::span<const route> token_routes();
[[nodiscard]] std::span<const route> share_routes();

/// Finds the route of a request. `/v1` and `/v2` are tables of their own.
class router {
public:
  enum class outcome : std::uint8_t { found = 1, unknown_path, wrong_method };

  struct match {
    outcome result = outcome::unknown_path;
    const route* row = nullptr;
    const route_metrics* metrics = nullptr;
    std::array<std::string_view, 3> args{};
    std::string allow; // for `wrong_method` and OPTIONS: the methods that the path has
  };

  explicit router(caf::actor_system& system);

  [[nodiscard]] match find(verb method, std::string_view path) const;

  /// Every row of a table: "v1" or "v2" (with their live routes), or "" for the rest.
  [[nodiscard]] std::vector<const route*> table(std::string_view version) const;

  /// Counts answers that no route gave.
  [[nodiscard]] const route_metrics& elsewhere() const noexcept { return elsewhere_; }

private:
  struct entry {
    const route* row;
    std::vector<std::string_view> segments;
    route_metrics metrics;
  };
  using route_table = std::vector<entry>;

  static void add(route_table& to, caf::actor_system& system, std::span<const route> rows);

  route_table v1_;
  route_table v2_;
  route_table rest_;
  route_metrics elsewhere_;
};

} // namespace spotter::gateway
