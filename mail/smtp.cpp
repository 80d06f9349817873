#include "mail/smtp.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>

namespace spotter::mail {

namespace {

// C calls it: nothing may be thrown.
std::size_t give(char* into, std::size_t size, std::size_t count, void* from) noexcept {
  auto& rest = *static_cast<std::string_view*>(from);
  const auto n = std::min(rest.size(), size * count);
  std::memcpy(into, rest.data(), n);
  rest.remove_prefix(n);
  return n;
}

// Called about once a second whatever happens; anything but 0 ends the exchange.
int watch(void* stopping, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
  return static_cast<const std::atomic<bool>*>(stopping)->load() ? 1 : 0;
}

struct free_list {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

delivery judge(CURLcode code, long status) noexcept {
  if (code == CURLE_OK)
    return delivery::sent;
  // A server that does not know us knows nothing of the letter.
  if (code == CURLE_LOGIN_DENIED || code == CURLE_USE_SSL_FAILED)
    return delivery::retry;
  return status >= 500 && status < 600 && status != 530 && status != 535 ? delivery::refused
                                                                         : delivery::retry;
}

} // namespace

delivery_report deliver(const smtp_settings& settings, const std::string& from,
                        const std::string& to, const std::string& wire) {
  outbound::curl_handle handle{settings.limits, settings.authorities};
  const std::unique_ptr<curl_slist, free_list> recipients{
    curl_slist_append(nullptr, ("<" + to + ">").c_str())};
  if (!recipients)
    throw std::bad_alloc();
  std::string_view rest = wire;
  handle.set(CURLOPT_URL, settings.server.c_str());
  handle.set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  handle.set(CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
  handle.set(CURLOPT_MAIL_FROM, ("<" + from + ">").c_str());
  handle.set(CURLOPT_MAIL_RCPT, recipients.get());
  handle.set(CURLOPT_UPLOAD, 1L);
  handle.set(CURLOPT_READFUNCTION, &give);
  handle.set(CURLOPT_READDATA, static_cast<void*>(&rest));
  if (settings.stopping) {
    handle.set(CURLOPT_NOPROGRESS, 0L);
    handle.set(CURLOPT_XFERINFOFUNCTION, &watch);
    handle.set(CURLOPT_XFERINFODATA,
               const_cast<void*>(static_cast<const void*>(settings.stopping.get())));
  }
  if (!settings.user.empty()) {
    handle.set(CURLOPT_USERNAME, settings.user.c_str());
    handle.set(CURLOPT_PASSWORD, settings.password.c_str());
  }
  const auto code = curl_easy_perform(handle.get());
  const auto status = handle.status();
  delivery_report out{judge(code, status), {}};
  if (code != CURLE_OK) {
    out.reason = handle.problem(code);
    if (status > 0)
      out.reason += " (the server's last word was " + std::to_string(status) + ")";
  }
  return out;
}

} // namespace spotter::mail
