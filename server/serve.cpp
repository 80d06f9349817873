#include "server/serve.hpp"

#include "server/log.hpp"
#include "server/node.hpp"

#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <thread>

namespace spotter::server {

namespace {

/// Kubernetes and systemd kill after 30 s; the database wants some of that time for its own stop.
constexpr std::chrono::milliseconds drain_limit{10'000};

/// From the signal to the end of the process, whatever hangs: all that was acknowledged is durable.
constexpr std::chrono::seconds stop_limit{25};

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

void wait_for_end() {
  const auto set = ending_signals();
  int signal = 0;
  sigwait(&set, &signal);
  spdlog::info("{}: stopping", signal == SIGTERM ? "SIGTERM" : "SIGINT");
}

/// What to paste to see it work.
void greet(const config::settings& settings, std::uint16_t port) {
  const std::string scheme = settings.listen.tls_certificate.empty() ? "http" : "https";
  const std::string url = scheme + "://127.0.0.1:" + std::to_string(port);
  std::cout
    << "\nSpotter is up at " << url << "\n"
    << "Try it:\n\n"
    << "  curl -s " << url << "/v1/auth/register -H 'Content-Type: application/json' "
    << R"(-d '{"email":"me@example.org","password":"correct horse battery","display_name":"Me"}')"
    << "\n\nThe live page is at " << url << "/ and the API's documents at " << url
    << "/docs.\nCtrl-C stops it.\n"
    << std::endl;
}

} // namespace

void block_ending_signals() {
  const auto set = ending_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

int serve(const config::settings& settings) {
  start_log(settings.log_level, settings.node);
  try {
    node running{settings, [](const std::string& step) { spdlog::info("{}", step); }};
    greet(settings, running.port());
    wait_for_end();
    std::thread{[] {
      std::this_thread::sleep_for(stop_limit);
      spdlog::error("something did not end in time; leaving without it");
      std::_Exit(0);
    }}.detach();
    running.drain(drain_limit);
  } catch (const std::exception& why) {
    spdlog::critical("{}", why.what());
    std::cerr << "spotterd: " << why.what() << std::endl;
    return 1;
  }
  spdlog::info("stopped");
  return 0;
}

} // namespace spotter::server
