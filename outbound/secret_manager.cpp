#include "outbound/secret_manager.hpp"

#include "outbound/http_get.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <random>
#include <thread>

namespace spotter::outbound {

namespace {

using text_or_error = domain::expected<std::string, no_secret>;

constexpr std::string_view token_path =
  "/computeMetadata/v1/instance/service-accounts/default/token";
constexpr std::string_view flavor = "Metadata-Flavor: Google";

/// Wipes a text of which parts are secret when it goes.
class wiped {
public:
  explicit wiped(std::string& text) : text_(text) {}
  wiped(const wiped&) = delete;
  wiped& operator=(const wiped&) = delete;
  ~wiped() { OPENSSL_cleanse(text_.data(), text_.size()); }

private:
  std::string& text_;
};

bool is_worth_another_try(long status) noexcept {
  return status == 408 || status == 429 || (status >= 500 && status <= 504);
}

void rest(const secret_manager_settings& settings, std::chrono::milliseconds pause) {
  static thread_local std::minstd_rand luck{std::random_device{}()};
  std::uniform_real_distribution<double> jitter{0.75, 1.25};
  const auto time = std::chrono::milliseconds{
    static_cast<std::int64_t>(static_cast<double>(pause.count()) * jitter(luck))};
  if (settings.pause)
    settings.pause(time);
  else
    std::this_thread::sleep_for(time);
}

/// Asks until there is an answer that another try would not change, or too many were made.
domain::expected<http_answer, std::string> ask(const secret_manager_settings& settings,
                                               const http_request& request) {
  auto pause = settings.first_pause;
  for (int tries = 1;; ++tries, pause *= 2) {
    auto answer = http_get(request);
    if (tries >= settings.tries || (answer && !is_worth_another_try(answer->status)))
      return answer;
    rest(settings, pause);
  }
}

/// A text member of a JSON object, `/`-separated where it lies deeper.
std::optional<std::string> member(const std::string& json, std::string_view path) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  std::string_view text;
  if (parser.parse(json).get(document) != simdjson::SUCCESS
      || document.at_pointer(path).get(text) != simdjson::SUCCESS)
    return std::nullopt;
  return std::string{text};
}

/// Google's word for what is wrong, as FAILED_PRECONDITION: nothing else of an answer is repeated.
std::string status_word(const http_answer& answer) {
  auto word = member(answer.body, "/error/status").value_or("");
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
  if (word.size() > 40 || word.find_first_not_of(letters) != word.npos)
    word.clear();
  return word;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0)
    return std::nullopt;
  std::string out(text.size() / 4 * 3, '\0');
  const auto size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                    reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()));
  if (size < 0)
    return std::nullopt;
  const auto padding =
    std::min<std::size_t>(2, text.size() - std::min(text.size(), text.find_last_not_of('=') + 1));
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

text_or_error metadata_token(const secret_manager_settings& settings) {
  http_request request;
  request.url = "http://" + settings.metadata_host + std::string{token_path};
  request.headers = {std::string{flavor}};
  request.limits = settings.limits;
  request.most_bytes = 64 * 1024;
  auto answer = ask(settings, request);
  const std::string where = "the metadata server " + settings.metadata_host;
  if (!answer)
    return no_secret{where + " gave no answer (" + answer.error()
                     + "); is this a machine of Google's? GCE_METADATA_HOST names another"};
  const wiped clean{answer->body};
  if (answer->status == 404)
    return no_secret{where + " knows no service account of this machine"};
  if (answer->status != 200)
    return no_secret{where + " answered with " + std::to_string(answer->status)};
  // Somebody else's server would not know that it has to say so.
  if (answer->header("metadata-flavor") != "Google")
    return no_secret{where + " is none: its answer has no header Metadata-Flavor"};
  auto token = member(answer->body, "/access_token");
  if (!token || token->empty() || token->find_first_of("\r\n") != token->npos)
    return no_secret{where + " gave no token"};
  return std::move(*token);
}

/// Why there is no secret, in words that say what to do.
std::string refusal(const http_answer& answer) {
  const auto word = status_word(answer);
  if (word == "FAILED_PRECONDITION")
    return "this version is disabled or destroyed";
  switch (answer.status) {
    case 401:
    case 403:
      return "permission denied: this machine's service account needs the role "
             "roles/secretmanager.secretAccessor on it";
    case 404:
      return "there is no such secret or version";
    default:
      return "the Secret Manager answered with " + std::to_string(answer.status)
             + (word.empty() ? "" : " " + word);
  }
}

text_or_error checked_payload(const std::string& body) {
  auto data = member(body, "/payload/data");
  const auto sum_text = member(body, "/payload/dataCrc32c"); // an int64, which JSON has as text
  if (!data)
    return no_secret{"the Secret Manager's answer has no payload"};
  const wiped clean{*data};
  std::int64_t sum = -1;
  if (!sum_text
      || std::from_chars(sum_text->data(), sum_text->data() + sum_text->size(), sum).ptr
           != sum_text->data() + sum_text->size())
    return no_secret{"the Secret Manager's answer has no checksum"};
  auto secret = from_base64(*data);
  if (!secret)
    return no_secret{"the Secret Manager's answer is no base64"};
  if (sum != crc32c(*secret)) {
    const wiped broken{*secret};
    return no_secret{"the Secret Manager's answer was damaged on its way: its checksum is wrong"};
  }
  return std::move(*secret);
}

} // namespace

std::uint32_t crc32c(std::string_view bytes) noexcept {
  constexpr std::uint32_t polynomial = 0x82f63b78; // reflected
  std::uint32_t sum = ~0u;
  for (const char c : bytes) {
    sum ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit)
      sum = (sum >> 1) ^ (polynomial & (0u - (sum & 1u)));
  }
  return ~sum;
}

text_or_error read_managed_secret(const secret_manager_settings& settings,
                                  const std::string& name) {
  auto token = metadata_token(settings);
  if (!token)
    return token.error();
  http_request request;
  request.url = settings.endpoint + "/v1/" + name + ":access";
  request.headers = {"Authorization: Bearer " + *token};
  const wiped no_token{*token};
  const wiped no_header{request.headers.front()};
  request.limits = settings.limits;
  request.most_bytes = 256 * 1024;
  request.authorities = settings.authorities;
  // A damaged answer may be whole the next time.
  auto pause = settings.first_pause;
  for (int tries = 1;; ++tries, pause *= 2) {
    auto answer = ask(settings, request);
    if (!answer)
      return no_secret{"the Secret Manager gave no answer (" + answer.error() + ")"};
    const wiped clean{answer->body};
    if (answer->status != 200)
      return no_secret{refusal(*answer)};
    auto secret = checked_payload(answer->body);
    if (secret || tries >= settings.tries)
      return secret;
    rest(settings, pause);
  }
}

} // namespace spotter::outbound
