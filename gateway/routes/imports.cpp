#include "gateway/fingerprint.hpp"
#include "gateway/http/multipart.hpp"
#include "gateway/routes/answers.hpp"
#include "gateway/time_zone.hpp"
#include "gateway/utf8.hpp"

namespace spotter::gateway {

namespace {

constexpr std::size_t most_parts = 8;
constexpr std::size_t longest_file_name = 255;

/// Reads the form of an upload: `file`, and maybe `id`, `unit` and `time_zone`.
parsed<messages::create_import> parse_upload(const std::vector<form_part>& parts) {
  messages::create_import out;
  body_error error;
  const auto wrong = [&error](std::string_view name, std::string_view code, std::string detail) {
    error.errors.push_back({"/" + std::string(name), std::string(code), std::move(detail)});
  };
  bool has_file = false;
  for (const auto& part : parts) {
    if (part.name == "file") {
      if (has_file)
        wrong("file", "repeated", "One file at a time.");
      has_file = true;
      out.file_name = part.file_name.substr(0, longest_file_name);
      if (!is_utf8(out.file_name) || out.file_name.find('\0') != std::string::npos)
        out.file_name.clear();
      out.content_hash = sha256_hex(part.content);
      out.content = std::string(part.content);
    } else if (part.name == "id") {
      out.import_id = domain::parse_uuid(part.content);
      if (!out.import_id || out.import_id->is_nil())
        wrong("id", "invalid_format", "Must be a UUID.");
    } else if (part.name == "unit") {
      out.unit = part.content;
      if (out.unit != "kg" && out.unit != "lb")
        wrong("unit", "invalid_value", "Must be kg or lb.");
    } else if (part.name == "time_zone") {
      out.time_zone = part.content;
      if (!is_time_zone(out.time_zone))
        wrong("time_zone", "invalid_value", "Must be an IANA time zone, as Europe/Berlin.");
    } else {
      wrong(is_utf8(part.name) ? part.name.substr(0, 64) : "", "unknown_field",
            "There is no such field here.");
    }
  }
  if (!has_file)
    wrong("file", "required", "This field is needed.");
  else if (out.content.empty())
    wrong("file", "too_short", "The file is empty.");
  if (!error.errors.empty())
    return error;
  return out;
}

// POST /v1/imports
awaitable<response> post_import(call& c) {
  const auto boundary = boundary_of(c.req.header("content-type"));
  const auto parts = boundary ? parse_multipart(c.req.body, *boundary, most_parts) : std::nullopt;
  if (!parts)
    return answer(
      to_response(http_problem::malformed_request, "The form is malformed.", c.trace_id));
  auto upload = parse_upload(*parts);
  if (!upload)
    return answer(to_response(upload.error(), c.trace_id));
  if (upload->content.view().size() > c.at.common().config.limits.import_bytes)
    return answer(to_response(http_problem::too_large, "The file is too large.", c.trace_id));
  // Boundaries are random: what makes two uploads the same is what they say. The body itself can go.
  c.req.body = fingerprint({upload->content_hash, upload->unit, upload->time_zone,
                            upload->import_id ? domain::to_string(*upload->import_id) : ""});
  c.req.body.shrink_to_fit();
  return run_command(c, std::move(*upload), {202});
}

// GET /v1/imports
awaitable<response> get_imports(call& c) {
  query_reader query{c, {"limit", "cursor"}};
  messages::get_imports what{query.window()};
  if (!query.clean())
    return answer(query.refusal(c));
  return read(c, std::move(what));
}

// GET /v1/imports/{id}
awaitable<response> get_import(call& c) {
  const auto id = id_in(c);
  if (!id)
    return answer(not_found(c));
  return read(c, messages::get_import{*id});
}

// GET /v1/imports/{id}/log
awaitable<response> get_log(call& c) {
  const auto id = id_in(c);
  if (!id)
    return answer(not_found(c));
  query_reader query{c, {"limit", "cursor"}};
  messages::get_import_log what{*id, query.window()};
  if (!query.clean())
    return answer(query.refusal(c));
  return read(c, std::move(what));
}

awaitable<response> steer(call& c, std::string action) {
  const auto id = id_in(c);
  if (!id)
    return answer(not_found(c));
  return run_command(c, messages::steer_import{*id, std::move(action)});
}

// POST /v1/imports/{id}/retry
awaitable<response> post_retry(call& c) {
  return steer(c, "retry");
}

// POST /v1/imports/{id}/cancel
awaitable<response> post_cancel(call& c) {
  return steer(c, "cancel");
}

constexpr route rows[] = {
  {verb::post, "/v1/imports", post_import, true, body_kind::multipart, false, limit_kind::import},
  {verb::get, "/v1/imports", get_imports},
  {verb::get, "/v1/imports/{id}", get_import},
  {verb::get, "/v1/imports/{id}/log", get_log},
  {verb::post, "/v1/imports/{id}/retry", post_retry, true, body_kind::none, false,
   limit_kind::import},
  {verb::post, "/v1/imports/{id}/cancel", post_cancel},
};

} // namespace

std::span<const route> import_routes() {
  return rows;
}

} // namespace spotter::gateway
