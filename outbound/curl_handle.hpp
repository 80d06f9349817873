#pragma once

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <string>

namespace spotter::outbound {

/// How long one exchange may take.
struct patience {
  std::chrono::milliseconds connect{5'000};
  std::chrono::milliseconds whole{15'000};
};

/// One easy handle of libcurl. Certificates and host names are always verified, against the system's
/// authorities or, in their place, those of `authorities` (a PEM file; empty: the system's). TLS is
/// 1.2 at least, redirects are not followed, and proxies of the environment are not used. Belongs to
/// one thread.
class curl_handle {
public:
  /// Throws std::runtime_error where libcurl can't be had.
  curl_handle(const patience& limits, const std::string& authorities);

  /// Sets an option; throws std::runtime_error where libcurl refuses it.
  template <class T>
  void set(CURLoption option, T value) {
    check(curl_easy_setopt(handle_.get(), option, value));
  }

  [[nodiscard]] CURL* get() const noexcept { return handle_.get(); }

  /// The protocol's own status: 200, 550; 0 where there was none.
  [[nodiscard]] long status() const noexcept;

  /// What went wrong in the last exchange, in libcurl's words.
  [[nodiscard]] std::string problem(CURLcode code) const;

private:
  struct free_handle {
    void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
  };

  static void check(CURLcode code);

  std::unique_ptr<char[]> message_; // libcurl writes here until the handle is gone
  std::unique_ptr<CURL, free_handle> handle_;
};

} // namespace spotter::outbound
