#include "bench/load/measurements.hpp"
#include "bench/load/people.hpp"
#include "bench/load/report.hpp"
#include "bench/load/websocket_client.hpp"

#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <stdexcept>

namespace spotter::bench {

namespace {

constexpr long connecting_at_once = 200;
constexpr unsigned sockets_of_an_address = 20'000;

bool input_ended() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  return ::poll(&input, 1, 0) > 0;
}

} // namespace

int hold_idle(options& given) {
  endpoint to{static_cast<std::uint16_t>(given.number("port"))};
  const auto count = given.number("count");
  const auto first = given.number("first", 0);
  const auto key = given.text("key");
  given.done();

  loop at;
  long ready = 0;
  mistakes wrong;
  const auto on_text = [&](std::string_view text) {
    if (text.find(R"("type":"subscribed")") != text.npos)
      ++ready;
    else if (text.find(R"("type":"error")") != text.npos)
      wrong.add(text);
  };
  std::vector<std::unique_ptr<websocket_client>> sockets;
  const auto people = make_people(key, first, count);
  for (const auto& person : people) {
    to.source =
      1 + static_cast<unsigned>(first + static_cast<long>(sockets.size())) / sockets_of_an_address;
    sockets.push_back(
      std::make_unique<websocket_client>(at, to, "/v1/live", person.token, on_text));
    sockets.back()->send_text(R"({"id":1,"type":"subscribe","topic":"me"})");
    while (static_cast<long>(sockets.size()) - ready >= connecting_at_once) {
      at.poll(clock::now() + std::chrono::seconds{1});
      if (wrong.count > 0)
        throw std::runtime_error(wrong.first);
    }
  }
  while (ready < count && wrong.count == 0)
    at.poll(clock::now() + std::chrono::seconds{1});
  if (wrong.count > 0)
    throw std::runtime_error(wrong.first);
  report{}.add("ready", static_cast<double>(ready)).print();
  // Heartbeats want answers meanwhile.
  while (!input_ended())
    at.poll(clock::now() + std::chrono::milliseconds{200});
  return 0;
}

} // namespace spotter::bench
