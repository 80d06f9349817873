#include "outbound/http_get.hpp"

#include <stdexcept>

namespace spotter::outbound {

namespace {

struct collected {
  std::string body;
  std::size_t most;
};

// C calls it: nothing may be thrown. Anything but `size * count` ends the exchange.
std::size_t collect(const char* data, std::size_t size, std::size_t count, void* into) noexcept {
  auto& out = *static_cast<collected*>(into);
  if (out.body.size() + size * count > out.most)
    return 0;
  try {
    out.body.append(data, size * count);
  } catch (...) {
    return 0;
  }
  return size * count;
}

constexpr std::size_t most_headers = 100;

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == text.npos)
    return {};
  return std::string{text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1)};
}

// Called with one line each, as above.
std::size_t collect_header(const char* data, std::size_t size, std::size_t count,
                           void* into) noexcept {
  auto& out = *static_cast<std::vector<std::pair<std::string, std::string>>*>(into);
  const std::string_view line{data, size * count};
  const auto colon = line.find(':');
  if (colon == line.npos || out.size() >= most_headers)
    return line.size();
  try {
    auto name = trimmed(line.substr(0, colon));
    for (auto& c : name)
      c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    out.emplace_back(std::move(name), trimmed(line.substr(colon + 1)));
  } catch (...) {
    return 0;
  }
  return line.size();
}

struct free_list {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

} // namespace

domain::expected<http_answer, std::string> http_get(const http_request& request) {
  curl_handle handle{request.limits, request.authorities};
  collected out{{}, request.most_bytes};
  http_answer answer;
  std::unique_ptr<curl_slist, free_list> headers;
  for (const auto& line : request.headers) {
    auto* longer = curl_slist_append(headers.get(), line.c_str());
    if (!longer)
      throw std::bad_alloc();
    static_cast<void>(headers.release()); // it is the begin of the longer one
    headers.reset(longer);
  }
  handle.set(CURLOPT_URL, request.url.c_str());
  handle.set(CURLOPT_PROTOCOLS_STR, "http,https");
  handle.set(CURLOPT_HTTPGET, 1L);
  handle.set(CURLOPT_HTTPHEADER, headers.get());
  handle.set(CURLOPT_WRITEFUNCTION, &collect);
  handle.set(CURLOPT_WRITEDATA, static_cast<void*>(&out));
  handle.set(CURLOPT_HEADERFUNCTION, &collect_header);
  handle.set(CURLOPT_HEADERDATA, static_cast<void*>(&answer.headers));
  const auto code = curl_easy_perform(handle.get());
  if (code != CURLE_OK)
    return handle.problem(code);
  answer.status = handle.status();
  answer.body = std::move(out.body);
  return answer;
}

} // namespace spotter::outbound
