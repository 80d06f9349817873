// Why nodes are not linked by CAF's middleman, in figures: the same two nodes linked by it, over
// TLS, and by the links.
//
// Usage: middleman MEASUREMENT WAY with MEASUREMENT one of `round_trip`, `throughput`, `stopped`,
// `hole`, and WAY `links` or `middleman`. Starts itself again as the other node. Prints JSON.

#include "bench/links/way.hpp"
#include "tests/links/child_process.hpp"
#include "tests/links/holes.hpp"

#include <caf/init_global_meta_objects.hpp>
#include <caf/io/middleman.hpp>

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string_view>

using namespace spotter;
using namespace spotter::bench;
using namespace std::chrono_literals;

namespace {

std::unique_ptr<way> make_way(const std::string& name, const test::identity_files& files,
                              const std::string& node_id) {
  if (name == "links")
    return make_links_way(files, node_id);
  return make_middleman_way(files);
}

double mebibytes() {
  std::ifstream file{"/proc/self/status"};
  std::string line;
  while (std::getline(file, line))
    if (line.rfind("RssAnon:", 0) == 0)
      return std::stod(line.substr(8)) / 1024;
  return 0;
}

double milliseconds(clock::duration time) {
  return std::chrono::duration<double, std::milli>{time}.count();
}

/// The other node: serves until its input ends.
int serve(char** argument) {
  const auto made = make_way(argument[2], {argument[3], argument[4], argument[5]}, "node-b");
  std::cout << made->serve() << std::endl;
  std::string line;
  while (std::getline(std::cin, line))
    made->back(line);
  std::quick_exit(0);
}

struct two_nodes {
  std::unique_ptr<test::temporary_folder> folder = std::make_unique<test::temporary_folder>();
  test::authority ca{*folder, "bench"};
  test::identity_files theirs = ca.certify("node-b");
  std::unique_ptr<way> own;
  test::child_process other;

  two_nodes(const std::string& program, const std::string& name)
    : own(make_way(name, ca.certify("node-a"), "node-a")),
      other({program, "serve", name, theirs.certificate, theirs.key, theirs.ca}) {}

  bool connect(std::chrono::milliseconds limit) {
    if (const auto from = own->connect(other.read_line()); !from.empty())
      other.write_line(from);
    return own->connected(limit);
  }
};

void requests(two_nodes& nodes, std::size_t at_once, std::chrono::milliseconds time) {
  // Once to get warm.
  nodes.own->run(std::make_shared<request_load>(at_once, time / 4));
  const auto load = std::make_shared<request_load>(at_once, time);
  const auto begin = clock::now();
  nodes.own->run(load);
  const auto seconds = milliseconds(clock::now() - begin) / 1'000;
  auto& times = load->round_trips_us;
  std::sort(times.begin(), times.end());
  std::printf("{\"requests_per_second\":%.0f,\"median_us\":%.1f,\"p99_us\":%.1f}\n",
              static_cast<double>(times.size()) / seconds, times[times.size() / 2],
              times[times.size() * 99 / 100]);
}

/// The other node is stopped, and this one goes on sending, 512 MiB at most, until it notices.
void stopped(two_nodes& nodes) {
  auto lost = nodes.own->lost_at();
  const auto before = mebibytes();
  nodes.other.signal(SIGSTOP);
  const auto begin = clock::now();
  double most = before;
  std::size_t taken = 0;
  constexpr std::size_t size = 64 * 1024;
  while (lost.wait_for(0s) != std::future_status::ready && clock::now() - begin < 10s) {
    if (taken < 512 * 1024 * 1024 && nodes.own->send(size)) {
      taken += size;
      // The sender of the middleman has no other brake than this.
      if (taken % (4 * 1024 * 1024) != 0)
        continue;
    } else {
      lost.wait_for(5ms);
    }
    most = std::max(most, mebibytes());
  }
  const bool noticed = lost.wait_for(0s) == std::future_status::ready;
  std::printf("{\"taken_mib\":%.0f,\"grown_mib\":%.0f,\"noticed_ms\":%.0f}\n",
              static_cast<double>(taken) / 1'048'576, most - before,
              noticed ? milliseconds(lost.get() - begin) : -1.0);
}

/// A connect to a host that does not answer comes first, one to a healthy node right after it.
void hole(two_nodes& nodes) {
  const test::black_hole nobody;
  nodes.own->connect_to_nobody("127.0.0.1", nobody.port());
  const auto begin = clock::now();
  const bool done = nodes.connect(30s);
  std::printf("{\"connected_ms\":%.0f}\n", done ? milliseconds(clock::now() - begin) : -1.0);
}

} // namespace

int main(int argc, char** argv) {
  caf::init_global_meta_objects<caf::id_block::spotter>();
  caf::io::middleman::init_global_meta_objects();
  caf::core::init_global_meta_objects();
  const std::string what = argc > 2 ? argv[1] : "";
  if (what == "serve" && argc == 6)
    return serve(argv);
  if (what != "round_trip" && what != "throughput" && what != "stopped" && what != "hole") {
    std::fprintf(stderr, "Usage: middleman round_trip|throughput|stopped|hole links|middleman\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  two_nodes nodes{argv[0], argv[2]};
  if (what == "hole") {
    hole(nodes);
  } else {
    if (!nodes.connect(60s)) {
      std::fprintf(stderr, "the nodes do not connect\n");
      return 1;
    }
    if (what == "stopped")
      stopped(nodes);
    else
      requests(nodes, what == "throughput" ? 256 : 1, 4s);
  }
  std::fflush(stdout);
  nodes.other.signal(SIGKILL);
  nodes.folder = nullptr;
  // A connect that blocks would keep the middleman from ending.
  std::quick_exit(0);
}
