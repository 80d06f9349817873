#include "gateway/live/hub.hpp"

#include "domain/json.hpp"
#include "gateway/live/event_text.hpp"
#include "gateway/worker.hpp"

// The connections of one io thread; who follows what is in subscriptions.cpp, what goes out to them
// in fan_out.cpp.

namespace spotter::gateway {

live_hub::live_hub(worker& at)
  : at_(at), rest_timer_(std::make_unique<worker_timer>(at.io().get_executor())) {}

live_hub::~live_hub() = default;

void live_hub::ask_later(const domain::uuid& user, caf::message command,
                         std::unique_ptr<ask_op> op) {
  asks_.push_back({user, std::move(command), std::move(op)});
}

void live_hub::ask_now() {
  if (asks_.empty())
    return;
  const bridge::together at_once{at_.actors()};
  for (auto& ask : asks_)
    at_.users().ask(ask.user, std::move(ask.command), at_.common().config.limits.ask_timeout,
                    std::move(ask.op));
  asks_.clear();
}

void live_hub::add(live_connection::pointer connection) {
  auto& metrics = at_.common().metrics;
  (connection->wire() == live_wire::websocket ? metrics.live_sockets : metrics.live_streams)->inc();
  connection->table_index = static_cast<std::uint32_t>(connections_.size());
  connections_.push_back(std::move(connection));
}

void live_hub::adopt_websocket(transport stream, net::ip::address peer, const caller& who,
                               messages::device_info device, std::string early) {
  const live_connection::pointer connection{
    new live_connection(*this, live_wire::websocket, std::move(stream), std::move(peer), who,
                        std::move(device), steady::now())};
  add(connection);
  const auto& config = at_.common().config;
  std::string hello;
  domain::json_writer json{hello};
  json.begin_object()
    .member("type", "hello")
    .member("node", std::string_view{config.node})
    .member("heartbeat_ms", static_cast<std::int64_t>(config.limits.heartbeat.count()))
    .key("limits")
    .begin_object()
    .member("message_bytes", static_cast<std::int64_t>(config.limits.message_bytes))
    .member("commands_in_flight", static_cast<std::int64_t>(config.limits.commands_in_flight))
    .member("subscriptions", static_cast<std::int64_t>(config.limits.subscriptions))
    .end_object()
    .end_object();
  connection->send_message(hello);
  connection->start(std::move(early));
  if (draining_)
    connection->drain(1'000, steady::now());
  flush();
}

void live_hub::adopt_stream(transport stream, net::ip::address peer, const caller& who,
                            messages::device_info device, std::string_view topic,
                            std::string_view last_event_id) {
  const live_connection::pointer connection{
    new live_connection(*this, live_wire::event_stream, std::move(stream), std::move(peer), who,
                        std::move(device), steady::now())};
  add(connection);
  connection->start({});
  if (connection->is_open())
    subscribe(*connection, std::nullopt, parse_topic(topic).value_or(live_topic{}),
              parse_event_id(last_event_id));
  flush();
}

void live_hub::remove(live_connection& who, const net::ip::address& peer) {
  auto& common = at_.common();
  (who.wire() == live_wire::websocket ? common.metrics.live_sockets : common.metrics.live_streams)
    ->dec();
  common.metrics.connections->dec();
  common.gate.close(peer);
  const auto index = who.table_index;
  auto last = std::move(connections_.back());
  connections_.pop_back();
  if (last.get() != &who) {
    last->table_index = index;
    connections_[index].swap(last);
  }
}

void live_hub::flush_later(live_connection& who) {
  if (who.flush_queued)
    return;
  who.flush_queued = true;
  to_flush_.emplace_back(&who);
}

void live_hub::doom(live_connection& who, std::optional<close_code> code) {
  who.condemn();
  doomed_.emplace_back(&who, code);
}

void live_hub::end_doomed() {
  while (!doomed_.empty()) {
    const auto list = std::move(doomed_);
    doomed_.clear();
    for (const auto& [connection, code] : list) {
      if (code)
        connection->close(*code);
      else
        connection->drop();
    }
  }
}

void live_hub::tick(steady::time_point now) {
  if (renewals_due_ > 0)
    for (const auto& [user, feed] : feeds_)
      for (const auto& join : feed->joins)
        if (join->due <= now) {
          join->due = steady::time_point::max();
          --renewals_due_;
          ask(*feed, *join);
        }
  flush();
}

void live_hub::sweep(steady::time_point now) {
  const auto wall = domain::now();
  // From the back: a connection that goes is replaced by the last one, which had its turn.
  for (std::size_t i = connections_.size(); i-- > 0;)
    if (i < connections_.size()) {
      const auto connection = connections_[i];
      connection->sweep(now, wall);
    }
  look_after_shares(now, wall);
  flush();
}

void live_hub::drain() {
  draining_ = true;
  const auto now = steady::now();
  std::uint64_t spread = 0;
  for (const auto& connection : connections_) {
    // Spread over four seconds, so that they do not all come to the next server at once.
    spread = (spread + 1'237) % 4'000;
    connection->drain(static_cast<std::int64_t>(1'000 + spread), now);
  }
  flush();
}

void live_hub::abort() {
  rest_timer_->cancel();
  const auto list = connections_;
  for (const auto& connection : list)
    connection->drop();
  follows_.clear();
  to_flush_.clear();
  doomed_.clear();
}

void live_hub::revoke(const domain::uuid& id) {
  for (const auto& connection : connections_)
    if (connection->who().login_id == id)
      doom(*connection, close_code::session_revoked);
  cut_share(id);
  flush();
}

} // namespace spotter::gateway
