#include "bench/load/http_client.hpp"
#include "bench/load/measurements.hpp"
#include "bench/load/people.hpp"
#include "bench/load/report.hpp"

#include <memory>

namespace spotter::bench {

namespace {

struct tally {
  std::vector<std::string> requests;
  std::size_t next = 0;
  std::size_t under_way = 0;
  bool again = false; // start over at the end of the list
  bool ended = false;
  long pages = 0;
  std::size_t bytes = 0; // of the last page
  std::vector<double> times;
  mistakes wrong;
};

class reader {
public:
  reader(loop& at, const endpoint& to, tally& found)
    : tally_{found}, connection_{at, to, [this](int status, std::string_view body) {
                                   --tally_.under_way;
                                   ++tally_.pages;
                                   tally_.bytes = body.size();
                                   tally_.times.push_back(milliseconds(clock::now() - sent_));
                                   if (status != 200)
                                     tally_.wrong.add(body);
                                   send();
                                 }} {}

  void send() {
    if (tally_.again && tally_.next == tally_.requests.size())
      tally_.next = 0;
    if (tally_.ended || tally_.next == tally_.requests.size())
      return;
    ++tally_.under_way;
    sent_ = clock::now();
    connection_.write(tally_.requests[tally_.next++]);
  }

private:
  tally& tally_;
  clock::time_point sent_;
  http_client connection_;
};

} // namespace

int measure_pages(options& given) {
  const endpoint to{static_cast<std::uint16_t>(given.number("port"))};
  const auto connections = given.number("connections", 64);
  const auto people =
    make_people(given.text("key"), given.number("first", 0), given.number("count"));
  const auto lasts = from_seconds(given.seconds("seconds", 0));
  given.done();

  tally found;
  for (const auto& person : people)
    found.requests.push_back("GET /v1/workouts?limit=50 HTTP/1.1\r\nHost: localhost\r\n"
                             "Authorization: Bearer "
                             + person.token + "\r\n\r\n");
  loop at;
  std::vector<std::unique_ptr<reader>> readers;
  for (long i = 0; i < connections; ++i)
    readers.push_back(std::make_unique<reader>(at, to, found));
  const auto run = [&](clock::time_point until) {
    found.pages = 0;
    found.times.clear();
    found.next = 0;
    const auto begin = clock::now();
    for (const auto& each : readers)
      each->send();
    while (found.under_way > 0) {
      at.poll(until);
      found.ended = clock::now() >= until;
    }
    return seconds(clock::now() - begin);
  };
  // Once through the list; where that is only the preparation, again and again.
  auto took = run(clock::now() + std::chrono::minutes{5});
  if (lasts.count() > 0) {
    found.again = true;
    took = run(clock::now() + lasts);
  }
  report{}
    .add("per_second", static_cast<double>(found.pages) / took)
    .add("pages", static_cast<double>(found.pages))
    .add("page_bytes", static_cast<double>(found.bytes))
    .add_times("answer", found.times)
    .add("errors", static_cast<double>(found.wrong.count))
    .add("first_error", found.wrong.first)
    .print();
  return 0;
}

} // namespace spotter::bench
