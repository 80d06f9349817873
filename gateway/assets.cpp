#include "gateway/assets.hpp"

#include "embedded/docs_files.hpp"
#include "embedded/openapi_files.hpp"
#include "embedded/web_files.hpp"
#include "gateway/fingerprint.hpp"
#include "gateway/http/response.hpp"

#include <algorithm>
#include <vector>

namespace spotter::gateway {

namespace {

std::string_view type_of(std::string_view name) noexcept {
  if (name.ends_with(".html"))
    return "text/html; charset=utf-8";
  if (name.ends_with(".js"))
    return "text/javascript; charset=utf-8";
  if (name.ends_with(".css"))
    return "text/css; charset=utf-8";
  if (name.ends_with(".svg"))
    return "image/svg+xml";
  if (name.ends_with(".png"))
    return "image/png";
  if (name.ends_with(".webmanifest"))
    return "application/manifest+json";
  if (name.ends_with(".json"))
    return "application/json";
  return "application/octet-stream";
}

std::vector<asset> load() {
  std::vector<asset> out;
  const auto add = [&out](std::string path, const embedded_file& file) {
    out.push_back({std::move(path), type_of(file.name), file.content, std::string(file.content),
                   gzip(file.content), sha256_hex(file.content).substr(0, 16)});
  };
  for (const auto& file : embedded::web_files())
    add(file.name == "index.html" ? "/" : "/" + std::string(file.name), file);
  for (const auto& file : embedded::docs_files())
    add(file.name == "index.html" ? "/docs" : "/docs/" + std::string(file.name), file);
  for (const auto& file : embedded::openapi_files())
    add(file.name == "live.json" ? "/v1/asyncapi.json" : "/v1/openapi.json", file);
  return out;
}

} // namespace

std::span<const asset> all_assets() {
  static const auto assets = load();
  return assets;
}

const asset* find_asset(std::string_view path) {
  const auto assets = all_assets();
  const auto it =
    std::find_if(assets.begin(), assets.end(), [path](const asset& a) { return a.path == path; });
  return it == assets.end() ? nullptr : &*it;
}

} // namespace spotter::gateway
