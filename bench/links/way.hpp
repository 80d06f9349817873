#pragma once

#include "actors/messages/all.hpp"
#include "tests/links/certificates.hpp"

#include <caf/actor_system_config.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

// One node that talks to another, by links or by CAF's middleman, behind one interface.

namespace spotter::bench {

using clock = std::chrono::steady_clock;

/// Keeps so many requests under way until its time is over. Its functions are called by one actor.
class request_load {
public:
  request_load(std::size_t at_once, std::chrono::milliseconds time)
    : begun_(at_once), end_(clock::now() + time) {}

  /// Begins; `send` sends a request with the number, whose answer is told to `answered`.
  void begin(std::function<void(std::uint64_t)> send);
  void answered(std::uint64_t number);

  std::promise<void> over;
  std::vector<double> round_trips_us;

private:
  void next(std::uint64_t number);

  std::function<void(std::uint64_t)> send_;
  std::vector<clock::time_point> begun_;
  clock::time_point end_;
  std::size_t left_ = 0;
};

/// How a peer was lost.
struct lost {
  std::promise<clock::time_point> when;
};

class way {
public:
  virtual ~way() = default;

  /// Answers requests from now on; says where, in one line for `connect`.
  virtual std::string serve() = 0;

  /// Begins to connect to a port where nobody answers, and goes on meanwhile.
  virtual void connect_to_nobody(const std::string& host, std::uint16_t port) = 0;

  /// Connects to what `serve` has said; returns the own address for the other's `back`, empty if
  /// it needs none.
  virtual std::string connect(const std::string& where) = 0;

  /// The other side's half of `connect`.
  virtual void back(const std::string& from) = 0;

  /// Waits until the other side is there.
  virtual bool connected(std::chrono::milliseconds limit) = 0;

  virtual void run(const std::shared_ptr<request_load>& load) = 0;

  /// Sends `size` bytes that want no answer; false if it is told to wait.
  virtual bool send(std::size_t size) = 0;

  /// When the peer was found to be gone.
  virtual std::future<clock::time_point> lost_at() = 0;
};

/// Sets the scheduler as `spotterd` does, for both ways.
void tune(caf::actor_system_config& config);

/// `files` is this node's certificate; its name is `node_id`.
[[nodiscard]] std::unique_ptr<way> make_links_way(const test::identity_files& files,
                                                  const std::string& node_id);
[[nodiscard]] std::unique_ptr<way> make_middleman_way(const test::identity_files& files);

} // namespace spotter::bench
