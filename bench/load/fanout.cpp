#include "bench/load/athlete.hpp"
#include "bench/load/http_client.hpp"
#include "bench/load/measurements.hpp"
#include "bench/load/report.hpp"
#include "bench/load/websocket_client.hpp"

#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

namespace spotter::bench {

namespace {

// A workout holds a thousand sets.
constexpr long most_events = 900;

// How often the watchers look what has come. One that sleeps until there is something has to be woken by
// the server's send, which costs more than the sending: it would be the receiver that is measured.
constexpr std::chrono::microseconds look_every{100};

/// The two kinds of server: Spotter, where one logs sets and the others follow the workout, and a
/// peer that sends to all on /watch what comes on /publish.
struct stage {
  endpoint to;
  bool echo = false;
  std::string text; // what is published to a peer
  std::optional<athlete> lifter;
};

struct tally {
  long delivered = 0;
  long ready = 0;
  std::size_t bytes = 0; // of one event
  mistakes wrong;
};

bool starts_with(std::string_view text, std::string_view head) {
  return text.substr(0, head.size()) == head;
}

void wait_until(loop& at, const char* what, const std::function<bool()>& done) {
  const auto patience = clock::now() + std::chrono::seconds{60};
  while (!done()) {
    at.poll(patience);
    if (clock::now() >= patience)
      throw std::runtime_error(std::string{"waited in vain: "} + what);
  }
}

std::vector<std::unique_ptr<websocket_client>> open_watchers(loop& at, const stage& where,
                                                             long count, tally& found) {
  std::vector<std::unique_ptr<websocket_client>> watchers;
  const auto on_text = [&found](std::string_view text) {
    if (starts_with(text, R"({"type":"event")")) {
      ++found.delivered;
      found.bytes = text.size();
    } else if (text.find(R"("type":"subscribed")") != text.npos) {
      ++found.ready;
    } else if (text.find(R"("type":"error")") != text.npos) {
      found.wrong.add(text);
    }
  };
  for (long i = 0; i < count; ++i) {
    auto from = where.to;
    from.source = static_cast<unsigned>(1 + i / 20'000);
    if (where.echo) {
      watchers.push_back(std::make_unique<websocket_client>(at, from, "/watch", "", on_text));
    } else {
      watchers.push_back(std::make_unique<websocket_client>(at, from, "/v1/live",
                                                            where.lifter->who().token, on_text));
      watchers.back()->send_text(R"({"id":1,"type":"subscribe","topic":"workout:)"
                                 + where.lifter->workout_id() + R"("})");
    }
    at.poll(clock::now()); // let the server keep up
  }
  wait_until(at, "a watcher's welcome", [&] {
    if (found.wrong.count > 0)
      throw std::runtime_error(found.wrong.first);
    return found.ready == count;
  });
  return watchers;
}

} // namespace

int measure_fanout(options& given) {
  stage where;
  where.to.port = static_cast<std::uint16_t>(given.number("port"));
  where.echo = given.text("wire", "spotter") == "echo";
  const auto watchers = given.number("watchers");
  const auto burst = given.number("burst", 1);
  const auto window = given.number("window", 1);
  const auto warm = given.number("warm", 2);
  const auto lasts = from_seconds(given.seconds("seconds", 3));
  if (where.echo)
    where.text = R"({"type":"event")"
                 + std::string(static_cast<std::size_t>(given.number("bytes")) - 16, 'x') + "}";
  else
    where.lifter.emplace(make_people(given.text("key"), given.number("first", 0), 1).front(),
                         given.text("exercise"), static_cast<int>(most_events) * 2);
  given.done();

  loop at;
  tally found;
  long answered = 0;
  long started = 0;
  websocket_client publisher{at, where.to, where.echo ? "/publish" : "/v1/live",
                             where.echo ? "" : where.lifter->who().token,
                             [&](std::string_view text) {
                               const auto got = read_answer(text);
                               if (!got.is_answer)
                                 return;
                               ++answered;
                               started += got.what == athlete::step::start;
                               if (!got.ok)
                                 found.wrong.add(text);
                             }};
  if (!where.echo) {
    publisher.send_text(where.lifter->next_message().bytes);
    wait_until(at, "the workout", [&] { return started > 0 || found.wrong.count > 0; });
  }
  const auto sockets = open_watchers(at, where, watchers, found);

  // The first set makes a record and so two events; it is not part of the measurement.
  long published = 0;
  const auto publish = [&](long count) {
    std::string frames;
    for (long i = 0; i < count; ++i)
      websocket_client::append_frame(frames, where.echo ? std::string_view{where.text}
                                                        : where.lifter->next_message().bytes);
    publisher.write(frames);
    published += count;
  };
  publish(1);
  wait_until(at, "the first event", [&] { return found.delivered >= watchers; });
  auto quiet = clock::now() + std::chrono::milliseconds{300};
  while (clock::now() < quiet) {
    const auto before = found.delivered;
    at.poll(quiet);
    if (found.delivered != before)
      quiet = clock::now() + std::chrono::milliseconds{300};
  }

  const auto run = [&](clock::time_point until, long most) {
    found.delivered = 0;
    long sent = 0;
    // A burst is over when everybody has all of it.
    const auto under_way = [&] { return sent - found.delivered / (burst * watchers); };
    while (sent < most && clock::now() < until) {
      while (under_way() < window && sent < most) {
        publish(burst);
        ++sent;
      }
      std::this_thread::sleep_for(look_every);
      while (at.poll(clock::now()) > 0) {
      }
    }
    wait_until(at, "the last deliveries", [&] { return under_way() <= 0; });
    return sent;
  };
  run(clock::time_point::max(), warm);
  const auto most = std::max<long>(1, (most_events - published) / burst);
  const auto begin = clock::now();
  const auto bursts = run(begin + lasts, where.echo ? most_events * 100 : most);
  const auto took = seconds(clock::now() - begin);
  report{}
    .add("per_second", static_cast<double>(found.delivered) / took)
    .add("deliveries", static_cast<double>(found.delivered))
    .add("bursts", static_cast<double>(bursts))
    .add("seconds", took)
    .add("event_bytes", static_cast<double>(found.bytes))
    .add("errors", static_cast<double>(found.wrong.count))
    .add("first_error", found.wrong.first)
    .print();
  return 0;
}

} // namespace spotter::bench
