#include "gateway/live/connection.hpp"

#include "gateway/live/commands.hpp"
#include "gateway/live/hub.hpp"
#include "gateway/worker.hpp"

#include <boost/asio/post.hpp>

namespace spotter::gateway {

namespace {

using namespace std::chrono_literals;

constexpr auto closing_patience = 3s;
constexpr auto drain_patience = 1s;
constexpr std::size_t most_read = 64 * 1'024; // before others get their turn
constexpr std::uint8_t most_missed = 2;
constexpr std::size_t most_parts = 16; // of one write

} // namespace

live_connection::live_connection(live_hub& hub, live_wire wire, transport stream,
                                 net::ip::address peer, caller who, messages::device_info device,
                                 steady::time_point now)
  : hub_(hub), stream_(std::move(stream)), peer_(std::move(peer)), who_(who),
    device_(std::make_unique<const messages::device_info>(std::move(device))), opened_(now),
    next_ping_(now + hub.at().common().config.limits.heartbeat), wire_(wire) {
  if (const auto size = hub.at().common().config.limits.socket_send_buffer; size > 0) {
    boost::system::error_code ignored;
    stream_.socket().set_option(net::socket_base::send_buffer_size(size), ignored);
  }
}

live_connection::~live_connection() = default;

void live_connection::start(std::string early) {
  if (!early.empty() && !take(early.data(), early.size()))
    return;
  if (stream_.is_tls())
    on_readable(); // OpenSSL may hold more than the kernel does
  else
    wait_readable();
}

void live_connection::wait_readable() {
  stream_.socket().async_wait(tcp_socket::wait_read,
                              [self = pointer{this}](boost::system::error_code ec) {
                                if (ec || self->state_ == state::gone)
                                  return;
                                self->on_readable();
                                self->hub_.flush();
                              });
}

// OpenSSL may hold what it has decrypted already: no readiness of the socket would tell of that.
void live_connection::read_on_later() {
  net::post(hub_.at().io(), [self = pointer{this}] {
    if (self->state_ == state::gone)
      return;
    self->on_readable();
    self->hub_.flush();
  });
}

void live_connection::on_readable() {
  auto& scratch = hub_.at().scratch();
  for (std::size_t taken = 0; taken < most_read && !condemned_;) {
    const auto result = stream_.read(scratch.data(), scratch.size());
    if (result.state == io_state::closed) {
      drop();
      return;
    }
    if (result.state == io_state::want_write) {
      wait_writable(io_state::want_write);
      wait_readable();
      return;
    }
    if (result.state != io_state::done) {
      wait_readable();
      return;
    }
    missed_ = 0;
    taken += result.bytes;
    if (!take(scratch.data(), result.bytes))
      return;
    if (!stream_.is_tls() && result.bytes < scratch.size())
      break; // empty: asking again would only cost a call
  }
  if (stream_.is_tls())
    read_on_later();
  else
    wait_readable();
}

/// False when the connection is gone.
bool live_connection::take(char* data, std::size_t size) {
  // What a peer still says while we close is read for its close frame only; a stream has nothing to
  // say at all.
  if (wire_ == live_wire::event_stream)
    return state_ != state::gone;
  const auto most = hub_.at().common().config.limits.message_bytes;
  const auto code = parser_.feed(data, size, most, *this);
  if (code != close_code::normal) {
    if (state_ == state::open)
      close(code);
    else
      drop();
  }
  return state_ != state::gone;
}

bool live_connection::on_text(std::string& text) {
  if (state_ != state::open || condemned_)
    return true; // its frames are still told apart, for the one that closes
  live_commands{hub_, *this}.take(text);
  return state_ != state::gone;
}

bool live_connection::on_control(websocket::opcode kind, std::string_view payload) {
  using websocket::opcode;
  if (kind == opcode::ping && state_ == state::open && !condemned_) {
    auto frame = std::make_shared<std::string>();
    websocket::append_frame(*frame, opcode::pong, payload);
    flush();
    send(frame, 0);
  } else if (kind == opcode::close) {
    const auto asked = websocket::parse_close(payload);
    if (state_ == state::open) {
      close(asked.valid ? close_code::normal : close_code::protocol_error);
      if (outbox_)
        return state_ != state::gone; // the answer is still on its way
    }
    drop();
    return false;
  }
  return state_ != state::gone;
}

void live_connection::send_message(std::string_view json) {
  if (state_ != state::open)
    return;
  if (!pending_)
    pending_ = std::make_unique<std::string>();
  if (wire_ == live_wire::websocket) {
    websocket::append_frame(*pending_, websocket::opcode::text, json);
  } else {
    ((*pending_ += "data: ") += json) += "\n\n";
  }
  hub_.flush_later(*this);
}

void live_connection::flush() {
  if (!pending_)
    return;
  const shared_bytes bytes{std::move(pending_)};
  pending_ = nullptr;
  send(bytes, 0);
}

void live_connection::send(const shared_bytes& bytes, std::size_t begin) {
  if (state_ == state::gone)
    return;
  auto at = begin;
  if (!outbox_) {
    const auto result = stream_.write(bytes->data() + begin, bytes->size() - begin);
    if (result.state == io_state::closed) {
      hub_.doom(*this, std::nullopt);
      return;
    }
    at += result.bytes;
    if (at == bytes->size())
      return;
  }
  enqueue(bytes, begin, at);
}

void live_connection::enqueue(const shared_bytes& bytes, std::size_t begin, std::size_t at) {
  if (!outbox_)
    outbox_ = std::make_unique<outbox>();
  // Slow is who still has a full queue when more comes: one burst or replay may be larger than it.
  const bool slow = outbox_->bytes > hub_.at().common().config.limits.send_queue_bytes;
  outbox_->segments.push_back({bytes, begin, at});
  outbox_->bytes += bytes->size() - at;
  if (slow && state_ == state::open) {
    hub_.at().common().metrics.slow_consumers->inc();
    hub_.doom(*this, close_code::slow_consumer);
  }
  if (!outbox_->waiting)
    wait_writable(io_state::want_write);
}

void live_connection::wait_writable(io_state what) {
  if (outbox_)
    outbox_->waiting = true;
  stream_.socket().async_wait(what == io_state::want_read ? tcp_socket::wait_read
                                                          : tcp_socket::wait_write,
                              [self = pointer{this}](boost::system::error_code ec) {
                                if (self->outbox_)
                                  self->outbox_->waiting = false;
                                if (ec || self->state_ == state::gone)
                                  return;
                                self->on_writable();
                                self->hub_.flush();
                              });
}

void live_connection::on_writable() {
  while (outbox_) {
    auto& box = *outbox_;
    iovec parts[most_parts];
    std::size_t n = 0;
    for (; n < box.segments.size() && n < most_parts; ++n) {
      const auto& s = box.segments[n];
      parts[n] = {const_cast<char*>(s.bytes->data() + s.at), s.bytes->size() - s.at};
    }
    auto result = stream_.write(std::span<const iovec>{parts, n});
    if (result.state == io_state::closed) {
      drop();
      return;
    }
    if (result.state != io_state::done) {
      wait_writable(result.state);
      return;
    }
    box.bytes -= result.bytes;
    std::size_t finished = 0;
    for (auto& s : box.segments) {
      const auto part = std::min(result.bytes, s.bytes->size() - s.at);
      s.at += part;
      result.bytes -= part;
      if (s.at < s.bytes->size())
        break;
      ++finished;
    }
    box.segments.erase(box.segments.begin(),
                       box.segments.begin() + static_cast<std::ptrdiff_t>(finished));
    if (box.segments.empty())
      outbox_.reset();
  }
  if (state_ == state::closing && wire_ == live_wire::event_stream)
    drop();
}

// A frame that has begun must end before the close frame; whole ones behind it are given up.
void live_connection::give_up_queue() {
  if (!outbox_)
    return;
  auto& box = *outbox_;
  const auto first = box.segments.front();
  box.segments.clear();
  box.bytes = 0;
  if (first.at == first.begin || wire_ == live_wire::event_stream)
    return;
  auto end = first.begin;
  while (end < first.at)
    end += websocket::frame_size(*first.bytes, end);
  if (end > first.at) {
    auto rest = std::make_shared<std::string>(*first.bytes, first.at, end - first.at);
    box.bytes = rest->size();
    box.segments.push_back({std::move(rest), 0, 0});
  }
}

void live_connection::begin_closing() {
  state_ = state::closing;
  give_up_ = steady::now() + closing_patience;
  hub_.leave(*this);
}

void live_connection::close(close_code code) {
  condemned_ = false; // it is read for its close frame
  if (state_ != state::open)
    return;
  if (code == close_code::slow_consumer)
    give_up_queue();
  else
    flush();
  pending_.reset();
  begin_closing();
  if (wire_ == live_wire::event_stream) {
    if (!outbox_ || outbox_->segments.empty())
      drop();
    return;
  }
  auto frame = std::make_shared<std::string>();
  websocket::append_close(*frame, code);
  if (outbox_ && outbox_->segments.empty() && !outbox_->waiting)
    outbox_.reset();
  send(frame, 0);
}

void live_connection::drop() {
  if (state_ == state::gone)
    return;
  const pointer keep{this};
  if (state_ == state::open)
    hub_.leave(*this);
  state_ = state::gone;
  pending_.reset();
  outbox_.reset();
  stream_.close();
  hub_.remove(*this, peer_);
}

void live_connection::sweep(steady::time_point now, domain::instant wall) {
  if (now >= give_up_) {
    if (state_ == state::open) {
      close(close_code::going_away); // the pause after `drain` is over
    } else {
      drop();
    }
    return;
  }
  if (state_ != state::open)
    return;
  const auto& limits = hub_.at().common().config.limits;
  if (!authenticated()) {
    if (now - opened_ >= limits.auth_timeout)
      close(close_code::auth_timeout);
    return;
  }
  if (who_.expires_at <= wall) {
    close(close_code::token_expired);
    return;
  }
  if (now < next_ping_)
    return;
  next_ping_ = now + limits.heartbeat;
  if (wire_ == live_wire::event_stream) {
    static const auto comment = std::make_shared<const std::string>(": still here\n\n");
    send(comment, 0);
    return;
  }
  if (missed_ >= most_missed) {
    close(close_code::heartbeat_missed);
    return;
  }
  ++missed_;
  std::string frame;
  websocket::append_frame(frame, websocket::opcode::ping, {});
  static const auto ping = std::make_shared<const std::string>(std::move(frame));
  send(ping, 0);
}

void live_connection::drain(std::int64_t reconnect_after_ms, steady::time_point now) {
  if (state_ != state::open)
    return;
  send_message(R"({"type":"drain","reconnect_after_ms":)" + std::to_string(reconnect_after_ms)
               + "}");
  give_up_ = now + drain_patience;
}

} // namespace spotter::gateway
