#include "tests/redis/redis_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace spotter::tests {

namespace fs = std::filesystem;

std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (!pipe)
    return out;
  char buffer[4096];
  while (const auto n = std::fread(buffer, 1, sizeof buffer, pipe))
    out.append(buffer, n);
  ::pclose(pipe);
  return out;
}

bool redis_server::installed() {
  return !output_of("command -v redis-server").empty();
}

redis_server::redis_server(std::vector<std::string> more) : more_(std::move(more)) {
  char name[] = "/tmp/spotter-redis-XXXXXX";
  if (!::mkdtemp(name))
    throw std::runtime_error{"no folder"};
  folder_ = name;
  start();
}

redis_server::~redis_server() {
  kill();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void redis_server::start() {
  std::vector<std::string> words{"redis-server",
                                 "--port",
                                 "0",
                                 "--unixsocket",
                                 socket(),
                                 "--save",
                                 "",
                                 "--dir",
                                 folder_.string(),
                                 "--logfile",
                                 (folder_ / "log").string()};
  words.insert(words.end(), more_.begin(), more_.end());
  std::vector<char*> argv;
  for (auto& word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (run("PING").find("PONG") == std::string::npos
         && run("PING").find("NOAUTH") == std::string::npos)
    if (std::chrono::steady_clock::now() > until)
      throw std::runtime_error{"redis-server did not start: "
                               + output_of("cat " + (folder_ / "log").string())};
}

void redis_server::kill() {
  if (pid_ <= 0)
    return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void redis_server::freeze() {
  ::kill(pid_, SIGSTOP);
}

void redis_server::thaw() {
  ::kill(pid_, SIGCONT);
}

std::string redis_server::run(const std::string& command) const {
  return output_of("redis-cli -s " + socket() + " " + command + " 2>&1");
}

void make_certificates(const fs::path& folder) {
  const auto in = "cd " + folder.string() + " && ";
  (void)output_of(in
                  + "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
                    "-keyout ca.key -out ca.pem -subj /CN=authority -days 2 2>/dev/null");
  (void)output_of(in
                  + "openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "
                    "node.key -out node.csr -subj /CN=localhost 2>/dev/null; "
                    "printf 'subjectAltName=DNS:localhost' > node.ext; "
                    "openssl x509 -req -in node.csr -CA ca.pem -CAkey ca.key -CAcreateserial "
                    "-extfile node.ext -out node.pem -days 2 2>/dev/null");
}

std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  ::bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
  ::close(fd);
  return ::ntohs(at.sin_port);
}

} // namespace spotter::tests
