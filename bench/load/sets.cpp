#include "bench/load/athlete.hpp"
#include "bench/load/http_client.hpp"
#include "bench/load/measurements.hpp"
#include "bench/load/report.hpp"
#include "bench/load/websocket_client.hpp"

#include <deque>
#include <memory>

namespace spotter::bench {

namespace {

struct tally {
  long sets = 0;
  mistakes wrong;
  std::vector<double> times; // ms, of answered sets
  bool counting = false;

  void answered(athlete::step what, bool ok, std::string_view text, clock::time_point sent) {
    if (!ok)
      wrong.add(text);
    else if (counting && what == athlete::step::set) {
      ++sets;
      times.push_back(milliseconds(clock::now() - sent));
    }
  }
};

/// One user's connection, which always has its number of requests under way.
class rest_user {
public:
  rest_user(loop& at, const endpoint& to, athlete who, tally& found)
    : athlete_{std::move(who)}, tally_{found},
      connection_{at, to, [this](int status, std::string_view body) {
                    tally_.answered(what_, status == 200 || status == 201, body, sent_);
                    send();
                  }} {
    send();
  }

private:
  void send() {
    const auto next = athlete_.next_http();
    what_ = next.what;
    sent_ = clock::now();
    connection_.write(next.bytes);
  }

  athlete athlete_;
  tally& tally_;
  athlete::step what_ = athlete::step::start;
  clock::time_point sent_;
  http_client connection_;
};

class live_user {
public:
  live_user(loop& at, const endpoint& to, athlete who, long in_flight, tally& found)
    : athlete_{std::move(who)}, tally_{found}, connection_{
                                                 at, to, "/v1/live", athlete_.who().token,
                                                 [this](std::string_view text) { receive(text); }} {
    for (long i = 0; i < in_flight; ++i)
      send();
  }

private:
  void receive(std::string_view text) {
    const auto got = read_answer(text);
    if (!got.is_answer)
      return; // `hello`
    tally_.answered(got.what, got.ok, text, sent_.front());
    sent_.pop_front();
    send();
  }

  void send() {
    sent_.push_back(clock::now());
    connection_.send_text(athlete_.next_message().bytes);
  }

  athlete athlete_;
  tally& tally_;
  std::deque<clock::time_point> sent_; // answers come in order: a user's commands are serial
  websocket_client connection_;
};

} // namespace

int measure_sets(options& given) {
  const endpoint to{static_cast<std::uint16_t>(given.number("port"))};
  const bool live = given.text("over", "rest") == "live";
  const auto connections = given.number("connections", 64);
  const auto in_flight = given.number("in_flight", 1);
  const auto people = make_people(given.text("key"), given.number("first", 0), connections);
  const auto exercise = given.text("exercise");
  const auto workout = static_cast<int>(given.number("sets_in_workout", 50));
  const auto warm = from_seconds(given.seconds("warm", 1));
  const auto lasts = from_seconds(given.seconds("seconds", 3));
  given.done();

  loop at;
  tally found;
  std::vector<std::unique_ptr<rest_user>> rest;
  std::vector<std::unique_ptr<live_user>> sockets;
  for (const auto& person : people) {
    athlete who{person, exercise, workout};
    if (live)
      sockets.push_back(std::make_unique<live_user>(at, to, std::move(who), in_flight, found));
    else
      rest.push_back(std::make_unique<rest_user>(at, to, std::move(who), found));
  }
  const auto begin = clock::now() + warm;
  while (clock::now() < begin)
    at.poll(begin);
  found.counting = true;
  const auto end = begin + lasts;
  while (clock::now() < end)
    at.poll(end);
  const auto took = seconds(clock::now() - begin);
  report{}
    .add("per_second", static_cast<double>(found.sets) / took)
    .add("sets", static_cast<double>(found.sets))
    .add_times("answer", found.times)
    .add("errors", static_cast<double>(found.wrong.count))
    .add("first_error", found.wrong.first)
    .print();
  return 0;
}

} // namespace spotter::bench
