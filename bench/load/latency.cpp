#include "bench/load/athlete.hpp"
#include "bench/load/http_client.hpp"
#include "bench/load/measurements.hpp"
#include "bench/load/report.hpp"
#include "bench/load/websocket_client.hpp"

#include <memory>
#include <stdexcept>

namespace spotter::bench {

namespace {

struct timings {
  std::vector<double> to_watcher; // ms from the send to the event
  std::vector<double> to_athlete; // ms from the send to the answer
  std::vector<double> since_due;  // ms from when it should have been sent to the event
  mistakes wrong;
  bool counting = false;
};

/// A user who logs a set at fixed times, and a watcher of theirs on a socket of its own. A set that
/// is due while the last one is still under way is sent right after it, and counted as late.
class watched_user {
public:
  watched_user(loop& at, const endpoint& to, athlete who, timings& found)
    : athlete_{std::move(who)}, timings_{found}, watcher_{at, to, "/v1/live", athlete_.who().token,
                                                          [this](std::string_view text) {
                                                            seen(text);
                                                          }},
      phone_{at, to, [this](int status, std::string_view body) { answered(status, body); }} {
    watcher_.send_text(R"({"id":1,"type":"subscribe","topic":"me"})");
  }

  [[nodiscard]] bool ready() const noexcept { return subscribed_; }

  void begin(clock::time_point first, clock::duration interval) {
    due_ = first;
    interval_ = interval;
  }

  [[nodiscard]] clock::time_point due() const noexcept {
    return busy() ? clock::time_point::max() : due_;
  }

  void send() {
    const auto next = athlete_.next_http();
    what_ = next.what;
    unanswered_ = true;
    unseen_ = what_ == athlete::step::set;
    if (unseen_) {
      sent_due_ = due_;
      due_ += interval_;
    }
    sent_ = clock::now();
    phone_.write(next.bytes);
  }

private:
  [[nodiscard]] bool busy() const noexcept { return unanswered_ || unseen_; }

  void answered(int status, std::string_view body) {
    unanswered_ = false;
    if (status != 200 && status != 201) {
      timings_.wrong.add(body);
      unseen_ = false;
    } else if (timings_.counting && what_ == athlete::step::set) {
      timings_.to_athlete.push_back(milliseconds(clock::now() - sent_));
    }
  }

  void seen(std::string_view text) {
    if (text.find(R"("type":"subscribed")") != text.npos)
      subscribed_ = true;
    if (!unseen_ || text.find(athlete_.set_id()) == text.npos)
      return;
    unseen_ = false;
    if (!timings_.counting)
      return;
    const auto now = clock::now();
    timings_.to_watcher.push_back(milliseconds(now - sent_));
    timings_.since_due.push_back(milliseconds(now - sent_due_));
  }

  athlete athlete_;
  timings& timings_;
  clock::time_point due_ = clock::time_point::max();
  clock::time_point sent_due_;
  clock::time_point sent_;
  clock::duration interval_{};
  athlete::step what_ = athlete::step::start;
  bool subscribed_ = false;
  bool unanswered_ = false; // the phone has no answer yet
  bool unseen_ = false;     // the watcher has not seen the set yet
  websocket_client watcher_;
  http_client phone_;
};

} // namespace

int measure_latency(options& given) {
  const endpoint to{static_cast<std::uint16_t>(given.number("port"))};
  const auto count = given.number("connections", 64);
  const auto people = make_people(given.text("key"), given.number("first", 0), count);
  const auto exercise = given.text("exercise");
  const auto rate = static_cast<double>(given.number("rate"));
  const auto warm = from_seconds(given.seconds("warm", 1));
  const auto lasts = from_seconds(given.seconds("seconds", 3));
  given.done();

  loop at;
  timings found;
  std::vector<std::unique_ptr<watched_user>> users;
  for (const auto& person : people)
    users.push_back(std::make_unique<watched_user>(at, to, athlete{person, exercise, 50}, found));
  const auto patience = clock::now() + std::chrono::seconds{10};
  for (const auto& user : users)
    while (!user->ready()) {
      at.poll(patience);
      if (clock::now() >= patience)
        throw std::runtime_error("a watcher got no answer to its subscription");
    }

  const auto interval = from_seconds(static_cast<double>(count) / rate);
  const auto first = clock::now();
  for (std::size_t i = 0; i < users.size(); ++i)
    users[i]->begin(first + interval * static_cast<long>(i) / count, interval);
  const auto begin = first + warm;
  const auto end = begin + lasts;
  while (clock::now() < end) {
    auto next = end;
    const auto now = clock::now();
    found.counting = now >= begin;
    for (const auto& user : users) {
      if (user->due() <= now)
        user->send();
      next = std::min(next, user->due());
    }
    at.poll(next);
  }
  report{}
    .add("per_second", static_cast<double>(found.to_watcher.size()) / seconds(lasts))
    .add_times("watcher", found.to_watcher)
    .add_times("answer", found.to_athlete)
    .add_times("since_due", found.since_due)
    .add("errors", static_cast<double>(found.wrong.count))
    .add("first_error", found.wrong.first)
    .print();
  return 0;
}

} // namespace spotter::bench
