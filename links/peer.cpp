#include "links/peer.hpp"

#include <boost/asio/post.hpp>
#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace spotter::links {

peer::peer(peer_shared& shared, const domain::uuid& incarnation)
  : shared_(shared), incarnation_(incarnation), dialler_(shared.connections.loop),
    retry_(*shared.connections.loop) {}

peer::~peer() {
  close();
}

void peer::want(const messages::peer_address& where) {
  const bool moved = wanted_ && where.address != where_.address;
  if (wanted_ && where.node_id != where_.node_id)
    forget();
  where_ = where;
  if (inbound_ && inbound_->peer_node_id() != where.node_id) {
    spdlog::warn("link: node {} says it is incarnation {}, which is node {}",
                 inbound_->peer_node_id(), to_string(incarnation_), where.node_id);
    inbound_->close();
    inbound_ = nullptr;
  }
  write_status();
  if (wanted_ && !moved)
    return;
  wanted_ = true;
  // A new address is of use at once, unless the old one is.
  if (!outbound_) {
    tries_ = 0;
    dial();
  }
}

void peer::forget() {
  wanted_ = false;
  go_down("it is wanted no more");
  close();
  const std::lock_guard lock{shared_.board.mutex};
  shared_.board.peers.erase(incarnation_);
}

void peer::close() {
  dialler_.cancel();
  retry_.cancel();
  if (std::exchange(up_, false)) {
    shared_.routes.remove(incarnation_);
    shared_.connections.metrics.up->dec();
  }
  if (box_)
    std::exchange(box_, nullptr)->close();
  if (outbound_)
    std::exchange(outbound_, nullptr)->close();
  if (inbound_)
    std::exchange(inbound_, nullptr)->close();
}

void peer::adopt(const std::shared_ptr<connection>& inbound) {
  if (up_)
    go_down("the peer has connected anew");
  if (wanted_ && inbound->peer_node_id() != where_.node_id) {
    spdlog::warn("link: node {} says it is incarnation {}, which is node {}",
                 inbound->peer_node_id(), to_string(incarnation_), where_.node_id);
    return inbound->close();
  }
  if (inbound_)
    inbound_->close();
  inbound_ = inbound;
  inbound_->hand_to(*this);
  check_up();
  // It is there: no need to wait for the next try.
  if (wanted_ && !outbound_ && !dialler_.dialling())
    dial();
}

void peer::dial() {
  retry_.cancel();
  ++tries_;
  dialler_.dial(where_.address, shared_.connections.settings.connect,
                [this](std::optional<tcp_socket> socket, const std::string& why) {
                  connected(std::move(socket), why);
                });
}

void peer::dial_later() {
  if (!wanted_)
    return;
  const auto& own = shared_.connections.settings;
  const auto doubled = own.backoff_min * (1 << std::clamp(tries_ - 1, 0, 16));
  const auto most = std::min(doubled, own.backoff_max).count();
  // Between half and all of it, so that nodes which lost each other do not meet in step.
  std::uniform_int_distribution<std::chrono::milliseconds::rep> between{(most + 1) / 2, most};
  retry_.expires_after(std::chrono::milliseconds{between(shared_.random)});
  retry_.async_wait([weak = weak_from_this()](boost::system::error_code cancelled) {
    const auto self = weak.lock();
    // What has expired can't be cancelled any more, so it may come late.
    if (!cancelled && self && self->wanted_ && !self->outbound_ && !self->dialler_.dialling())
      self->dial();
  });
}

void peer::connected(std::optional<tcp_socket> socket, const std::string& why) {
  if (!socket) {
    note(why);
    return dial_later();
  }
  auto ssl = make_dialler(shared_.tls, socket->native_handle(), where_.node_id);
  outbound_ = std::make_shared<connection>(*this, shared_.connections, std::move(*socket),
                                           std::move(ssl), where_);
  const auto keep = outbound_;
  keep->start();
}

void peer::check_up() {
  const auto live = [](const auto& one) { return one && one->live(); };
  if (up_ || !wanted_ || !live(outbound_) || !live(inbound_))
    return;
  up_ = true;
  tries_ = 0;
  box_ =
    std::make_shared<outbox>(shared_.connections.settings.queue,
                             [loop = shared_.connections.loop, weak = std::weak_ptr{outbound_}] {
                               net::post(*loop, [weak] {
                                 if (const auto link = weak.lock())
                                   link->flush();
                               });
                             });
  outbound_->send_from(box_);
  shared_.routes.add(incarnation_, box_);
  shared_.connections.metrics.up->inc();
  status_.release = outbound_->peer_release();
  write_status();
  spdlog::info("link: node {} ({}) at {} is up, protocol {}, release {}", where_.node_id,
               to_string(incarnation_), where_.address, outbound_->protocol(), status_.release);
  caf::anon_send(shared_.receiver, messages::peer_up{incarnation_});
}

void peer::go_down(const std::string& why) {
  if (!up_)
    return;
  close();
  spdlog::warn("link: node {} ({}) is down: {}", where_.node_id, to_string(incarnation_), why);
  status_.why = why;
  write_status();
  caf::anon_send(shared_.receiver, messages::peer_down{incarnation_, why});
  dial_later();
}

// A reason is logged once, not with each try.
void peer::note(const std::string& why) {
  if (status_.why == why)
    return;
  spdlog::warn("link: node {} ({}) can't be reached: {}", where_.node_id, to_string(incarnation_),
               why);
  status_.why = why;
  write_status();
}

void peer::write_status() {
  status_.incarnation = incarnation_;
  status_.node_id = where_.node_id;
  status_.address = where_.address;
  status_.up = up_;
  const std::lock_guard lock{shared_.board.mutex};
  shared_.board.peers[incarnation_] = status_;
}

answer peer::judge(const hello&) {
  answer out;
  out.why = refusal::malformed; // a hello comes to strangers only
  return out;
}

void peer::ready(connection&) {
  check_up();
}

void peer::received(connection& what, messages::peer_frame frame, std::size_t size) {
  if (!up_)
    return what.give_up(refusal::malformed, "the peer sends a message before the link is up");
  caf::anon_send(shared_.receiver,
                 messages::peer_received{incarnation_, std::move(frame), what.lend(size)});
}

void peer::measured(connection& what, std::chrono::nanoseconds round_trip) {
  shared_.connections.metrics.round_trip_seconds->observe(
    std::chrono::duration<double>{round_trip}.count());
  if (!what.dialled())
    return;
  status_.round_trip = std::chrono::duration_cast<std::chrono::microseconds>(round_trip);
  write_status();
}

void peer::broke(connection& what, refusal why, const std::string& words) {
  if (&what == inbound_.get()) {
    inbound_ = nullptr;
    if (up_)
      go_down(words);
    else if (idle())
      shared_.idle();
    return;
  }
  outbound_ = nullptr;
  if (up_)
    return go_down(words);
  shared_.connections.metrics.refused(why);
  note(words);
  dial_later();
}

} // namespace spotter::links
