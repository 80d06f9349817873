#include "outbound/secret_manager.hpp"

#include "config/secret.hpp"

#define CAF_SUITE secret_manager
#include "caf/test/dsl.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

using namespace spotter;
using namespace spotter::outbound;
using namespace std::chrono_literals;

namespace {

const std::string name = "projects/training/secrets/sealing/versions/latest";
const std::string metadata_path = "/computeMetadata/v1/instance/service-accounts/default/token";
const std::string access_path = "/v1/" + name + ":access";
const std::string token = "ya29.a-token-that-nobody-may-see";
const std::string secret = "a secret that nobody may see";

struct question {
  std::string path;
  std::map<std::string, std::string> headers; // names in lower case
};

struct answer {
  int status = 200;
  std::string body;
  std::string headers = {};
  std::chrono::milliseconds delay = 0ms;
};

/// One server on the loopback that is both: the metadata server and the Secret Manager.
class stand_in {
public:
  std::function<answer(const question&)> metadata = [](const question& q) {
    const auto flavor = q.headers.find("metadata-flavor");
    if (flavor == q.headers.end() || flavor->second != "Google")
      return answer{403, "Missing Metadata-Flavor:Google header."};
    return answer{200,
                  R"({"access_token":")" + token + R"(","expires_in":3599,"token_type":"Bearer"})",
                  "Metadata-Flavor: Google\r\n"};
  };
  std::function<answer(const question&)> access = [](const question& q) {
    const auto given = q.headers.find("authorization");
    if (given == q.headers.end() || given->second != "Bearer " + token)
      return answer{401, R"({"error":{"code":401,"status":"UNAUTHENTICATED"}})"};
    return payload(secret, crc32c(secret));
  };
  std::vector<question> asked;

  stand_in() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CAF_REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0);
    CAF_REQUIRE(::listen(listener_, 16) == 0);
    socklen_t size = sizeof where;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&where), &size);
    address_ = "127.0.0.1:" + std::to_string(ntohs(where.sin_port));
    thread_ = std::thread{[this] { serve(); }};
  }
  stand_in(const stand_in&) = delete;
  stand_in& operator=(const stand_in&) = delete;
  ~stand_in() {
    over_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  static answer payload(const std::string& data, std::int64_t sum) {
    return {200, R"({"name":")" + name + R"(","payload":{"data":")" + base64(data)
                   + R"(","dataCrc32c":")" + std::to_string(sum) + R"("}})"};
  }

  static std::string base64(const std::string& data) {
    constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < data.size(); i += 3) {
      std::uint32_t group = 0;
      for (std::size_t k = 0; k < 3; ++k)
        group = group << 8 | (i + k < data.size() ? static_cast<std::uint8_t>(data[i + k]) : 0u);
      for (std::size_t k = 0; k < 4; ++k)
        out += i + k <= data.size() ? letters[group >> (18 - 6 * k) & 63] : '=';
    }
    return out;
  }

  [[nodiscard]] secret_manager_settings settings() {
    secret_manager_settings out;
    out.endpoint = "http://" + address_;
    out.metadata_host = address_;
    out.pause = [this](std::chrono::milliseconds time) { pauses.push_back(time); };
    return out;
  }

  [[nodiscard]] std::size_t times(const std::string& path) {
    const std::lock_guard guard{mutex_};
    std::size_t n = 0;
    for (const auto& q : asked)
      n += q.path == path;
    return n;
  }

  std::vector<std::chrono::milliseconds> pauses;

private:
  void serve() {
    while (!over_) {
      const int peer = ::accept(listener_, nullptr, nullptr);
      if (peer < 0)
        return;
      talk(peer);
      ::close(peer);
    }
  }

  void talk(int peer) {
    std::string head;
    char piece[4'096];
    while (head.find("\r\n\r\n") == head.npos) {
      const auto n = ::read(peer, piece, sizeof piece);
      if (n <= 0)
        return;
      head.append(piece, static_cast<std::size_t>(n));
    }
    question q;
    q.path = head.substr(head.find(' ') + 1);
    q.path.resize(q.path.find(' '));
    for (std::size_t at = head.find("\r\n") + 2; head.compare(at, 2, "\r\n") != 0;) {
      const auto end = head.find("\r\n", at);
      const auto line = head.substr(at, end - at);
      auto key = line.substr(0, line.find(':'));
      for (auto& c : key)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      q.headers[key] = line.substr(line.find(':') + 2);
      at = end + 2;
    }
    {
      const std::lock_guard guard{mutex_};
      asked.push_back(q);
    }
    const auto a = q.path == metadata_path ? metadata(q) : access(q);
    if (a.delay > 0ms) { // until the client has lost its patience, and hangs up
      pollfd gone{peer, POLLIN, 0};
      ::poll(&gone, 1, static_cast<int>(a.delay.count()));
    }
    const auto text = "HTTP/1.1 " + std::to_string(a.status)
                      + " x\r\nContent-Type: application/json\r\n" + a.headers + "Content-Length: "
                      + std::to_string(a.body.size()) + "\r\nConnection: close\r\n\r\n" + a.body;
    static_cast<void>(::send(peer, text.data(), text.size(), MSG_NOSIGNAL));
  }

  int listener_ = -1;
  std::string address_;
  std::thread thread_;
  std::mutex mutex_;
  std::atomic<bool> over_{false};
};

struct fixture {
  stand_in google;

  std::string read() {
    const auto got = read_managed_secret(google.settings(), name);
    if (!got)
      CAF_FAIL("no secret: " << got.error().why);
    return *got;
  }

  /// Why there is none; never with what nobody may see.
  std::string why(secret_manager_settings how) {
    const auto got = read_managed_secret(how, name);
    CAF_REQUIRE(!got);
    CAF_CHECK(got.error().why.find(token) == std::string::npos);
    CAF_CHECK(got.error().why.find(secret) == std::string::npos);
    CAF_CHECK(got.error().why.find(stand_in::base64(secret)) == std::string::npos);
    return got.error().why;
  }
  std::string why() { return why(google.settings()); }
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(secret_manager_tests, fixture)

CAF_TEST(a secret is read in the name of the machine) {
  CAF_CHECK_EQUAL(read(), secret);
  CAF_REQUIRE_EQUAL(google.asked.size(), 2u);
  CAF_CHECK_EQUAL(google.asked[0].path, metadata_path);
  CAF_CHECK_EQUAL(google.asked[0].headers.at("metadata-flavor"), "Google");
  CAF_CHECK_EQUAL(google.asked[1].path, access_path);
  CAF_CHECK_EQUAL(google.asked[1].headers.at("authorization"), "Bearer " + token);
}

CAF_TEST(any bytes come whole) {
  CAF_CHECK_EQUAL(crc32c("123456789"), 0xe3069283u);
  for (std::size_t size : {1, 2, 3, 31, 32, 33, 1'000}) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i)
      bytes += static_cast<char>(i * 37 + 11);
    google.access = [&](const question&) { return stand_in::payload(bytes, crc32c(bytes)); };
    CAF_CHECK_EQUAL(read(), bytes);
  }
}

CAF_TEST(a wrong checksum is asked for again and then refused) {
  google.access = [](const question&) { return stand_in::payload(secret, crc32c(secret) ^ 1u); };
  CAF_CHECK(has(why(), "checksum is wrong"));
  CAF_CHECK_EQUAL(google.times(access_path), 4u);
  int calls = 0;
  google.access = [&](const question&) {
    return stand_in::payload(secret, ++calls == 1 ? 0 : crc32c(secret));
  };
  CAF_CHECK_EQUAL(read(), secret);
  google.access = [](const question&) {
    return answer{200, R"({"payload":{"data":")" + stand_in::base64(secret) + R"("}})"};
  };
  CAF_CHECK(has(why(), "no checksum"));
}

CAF_TEST(what is refused for good is not asked for again) {
  const auto refuse = [this](int status, const char* word) {
    google.access = [=](const question&) {
      return answer{status, R"({"error":{"code":)" + std::to_string(status) + R"(,"message":")"
                              + secret + R"(","status":")" + word + R"("}})"};
    };
    const auto before = google.times(access_path);
    auto told = why();
    CAF_CHECK_EQUAL(google.times(access_path), before + 1);
    return told;
  };
  CAF_CHECK(has(refuse(403, "PERMISSION_DENIED"), "roles/secretmanager.secretAccessor"));
  CAF_CHECK(has(refuse(401, "UNAUTHENTICATED"), "permission denied"));
  CAF_CHECK(has(refuse(404, "NOT_FOUND"), "no such secret or version"));
  CAF_CHECK(has(refuse(400, "FAILED_PRECONDITION"), "disabled or destroyed"));
  CAF_CHECK(has(refuse(400, "INVALID_ARGUMENT"), "400 INVALID_ARGUMENT"));
  CAF_CHECK(has(refuse(302, "FOUND"), "302"));
}

CAF_TEST(a busy server is asked again with growing pauses) {
  int calls = 0;
  google.access = [&](const question& q) {
    ++calls;
    return calls <= 2 ? answer{calls == 1 ? 503 : 429, "{}"} : stand_in{}.access(q);
  };
  CAF_CHECK_EQUAL(read(), secret);
  CAF_REQUIRE_EQUAL(google.pauses.size(), 2u);
  CAF_CHECK(google.pauses[0] >= 187ms && google.pauses[0] <= 313ms);
  CAF_CHECK(google.pauses[1] >= 375ms && google.pauses[1] <= 625ms);
  google.access = [](const question&) { return answer{503, "{}"}; };
  CAF_CHECK(has(why(), "answered with 503"));
}

CAF_TEST(a slow server costs no more than the patience) {
  google.access = [](const question&) { return answer{200, "{}", "", 60s}; };
  auto how = google.settings();
  how.limits.whole = 200ms;
  how.tries = 2;
  CAF_CHECK(has(why(how), "gave no answer"));
  CAF_CHECK_EQUAL(google.times(access_path), 2u);
}

CAF_TEST(a metadata server that is none is not believed) {
  google.metadata = [](const question&) {
    return answer{200, R"({"access_token":")" + token + R"("})"};
  };
  CAF_CHECK(has(why(), "no header Metadata-Flavor"));
  google.metadata = [](const question&) { return answer{404, "not here"}; };
  CAF_CHECK(has(why(), "knows no service account"));
  google.metadata = [](const question&) {
    return answer{200, "{}", "Metadata-Flavor: Google\r\n"};
  };
  CAF_CHECK(has(why(), "gave no token"));
  CAF_CHECK_EQUAL(google.times(access_path), 0u);
  auto how = google.settings();
  how.metadata_host = "127.0.0.1:1";
  CAF_CHECK(has(why(how), "GCE_METADATA_HOST"));
}

CAF_TEST(answers that are no JSON are refused) {
  for (const auto* body : {"", "[]", "nonsense", R"({"payload":{"data":"!","dataCrc32c":"1"}})",
                           R"({"payload":{"data":1,"dataCrc32c":"1"}})"}) {
    google.access = [=](const question&) { return answer{200, body}; };
    CAF_CHECK(!why().empty());
  }
}

CAF_TEST(references name a version and lead here) {
  config::secret_sources sources;
  sources.env = [](const std::string&) { return std::nullopt; };
  CAF_CHECK(!config::read_secret("gcp-secret-manager:" + name, sources));
  sources.google =
    [this](const std::string& which) -> domain::expected<std::string, config::config_errors> {
    auto got = read_managed_secret(google.settings(), which);
    if (!got)
      return config::config_errors{got.error().why};
    return *got;
  };
  CAF_CHECK_EQUAL(*config::read_secret("gcp-secret-manager:" + name, sources), secret);
  google.access = [](const question&) { return answer{404, "{}"}; };
  const auto missing = config::read_secret("gcp-secret-manager:" + name, sources);
  CAF_CHECK_EQUAL(missing.error().front(),
                  "the secret " + name + ": there is no such secret or version");
  for (const auto* bad : {"gcp-secret-manager:", "gcp-secret-manager:secrets/a",
                          "gcp-secret-manager:projects/a/secrets/b",
                          "gcp-secret-manager:projects/a/secrets/b/versions/",
                          "gcp-secret-manager:projects/a/secrets/b/versions/1/x",
                          "gcp-secret-manager:projects/a/secrets/b?/versions/1",
                          "gcp-secret-manager:projects/a/secrets//versions/1"})
    CAF_CHECK(!config::is_secret_reference(bad));
}

CAF_TEST_FIXTURE_SCOPE_END()
