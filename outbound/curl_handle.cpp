#include "outbound/curl_handle.hpp"

#include <stdexcept>

namespace spotter::outbound {

namespace {

/// Once for the process; never undone, since other threads may still run at its end.
void start_libcurl() {
  static const auto code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK)
    throw std::runtime_error("libcurl could not be initialised");
}

} // namespace

curl_handle::curl_handle(const patience& limits, const std::string& authorities)
  : message_(std::make_unique<char[]>(CURL_ERROR_SIZE)) {
  start_libcurl();
  handle_.reset(curl_easy_init());
  if (!handle_)
    throw std::runtime_error("libcurl gave no handle");
  set(CURLOPT_ERRORBUFFER, message_.get());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits.connect.count()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(limits.whole.count()));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PROXY, "");
  if (!authorities.empty()) {
    set(CURLOPT_CAINFO, authorities.c_str());
    set(CURLOPT_CAPATH, nullptr);
  }
}

long curl_handle::status() const noexcept {
  long status = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  return status;
}

std::string curl_handle::problem(CURLcode code) const {
  return message_[0] != '\0' ? std::string{message_.get()} : std::string{curl_easy_strerror(code)};
}

void curl_handle::check(CURLcode code) {
  if (code != CURLE_OK)
    throw std::runtime_error(std::string{"libcurl refused an option: "} + curl_easy_strerror(code));
}

} // namespace spotter::outbound
