// What a connection makes of the frames that come.

#include "links/connection.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <exception>

namespace spotter::links {

namespace {

// Enough for any peer that reads; one that does not is flooding us with pings.
constexpr std::size_t most_control = 64 * 1024;

// What we believe of another's window: beyond it our own queue is what counts.
constexpr std::uint64_t most_window = std::uint64_t{1} << 40;

} // namespace

bool connection::refuse(refusal why, std::string words) {
  refused_ = why;
  refused_words_ = std::move(words);
  return false;
}

bool connection::may_come(frame_kind kind, std::size_t size) {
  const auto fits = [&](frame_kind expected, std::size_t least, std::size_t most) {
    return kind == expected && size >= least && size <= most;
  };
  switch (phase_) {
    case phase::hello:
      if (fits(dialled_ ? frame_kind::answer : frame_kind::hello, 0, max_hello))
        return true;
      break;
    case phase::answered:
      if (fits(frame_kind::ready, 0, 0))
        return true;
      break;
    case phase::live:
      if (fits(frame_kind::ping, 8, 8) || fits(frame_kind::pong, 8, 8)
          || (dialled_ && fits(frame_kind::credit, 8, 8)))
        return true;
      if (dialled_ || kind != frame_kind::message)
        break;
      if (size > shared_.settings.max_frame)
        return refuse(refusal::malformed, "the peer announces a message of " + std::to_string(size)
                                            + " bytes, more than "
                                            + std::to_string(shared_.settings.max_frame));
      {
        const auto cost = static_cast<std::int64_t>(header_size + size);
        const auto half = static_cast<std::int64_t>(shared_.settings.window / 2);
        if (peer_may_send_ < std::min(cost, half))
          return refuse(refusal::malformed, "the peer sends more than it has credit for");
        peer_may_send_ -= cost;
      }
      return true;
    case phase::tls:
    case phase::closed:
      break;
  }
  return refuse(refusal::malformed, "the peer sends a frame of kind "
                                      + std::to_string(static_cast<int>(kind)) + " and "
                                      + std::to_string(size) + " bytes, which is not its turn");
}

bool connection::take(frame_kind kind, std::span<const std::byte> payload) {
  switch (kind) {
    case frame_kind::hello:
      return take_hello(payload);
    case frame_kind::answer:
      return take_answer(payload);
    case frame_kind::ready:
      become_live();
      break;
    case frame_kind::ping:
      append_frame(control_, frame_kind::pong, payload);
      if (control_.size() > most_control)
        return refuse(refusal::malformed, "the peer sends pings and reads no answer");
      break;
    case frame_kind::pong:
      if (const auto sent = decode_number(payload); sent == last_ping_ && last_ping_ != 0) {
        const auto now = steady::now().time_since_epoch().count();
        last_ping_ = 0;
        owner_->measured(*this, steady::duration{now - static_cast<std::int64_t>(*sent)});
      }
      break;
    case frame_kind::credit: {
      const auto more = decode_number(payload);
      if (!more || *more > peer_window_
          || may_send_ + static_cast<std::int64_t>(*more) > static_cast<std::int64_t>(peer_window_))
        return refuse(refusal::malformed, "the peer gives back more credit than it has lent");
      may_send_ += static_cast<std::int64_t>(*more);
      break;
    }
    case frame_kind::message:
      return take_message(payload);
  }
  // The owner may have closed us: the rest is not delivered.
  return phase_ != phase::closed;
}

bool connection::take_hello(std::span<const std::byte> payload) {
  const auto who = decode_hello(payload);
  if (!who)
    return refuse(refusal::malformed, "what the peer sends is no hello");
  const auto& own = shared_.settings;
  answer out;
  if (peer_has_name(ssl_.get(), who->node_id)) {
    out = owner_->judge(*who);
  } else {
    out.why = refusal::name;
    out.words = "the certificate does not have the name " + who->node_id;
  }
  out.protocol = own.protocol;
  out.node_id = own.node_id;
  out.incarnation = own.incarnation;
  out.release = own.release;
  out.window = own.window;
  append_frame(control_, frame_kind::answer, encode(out));
  peer_.node_id = who->node_id;
  peer_.incarnation = who->incarnation;
  release_ = who->release;
  if (out.why != refusal::none) {
    // The answer fits into the socket's empty buffer; whoever does not read it learns less.
    write();
    return refuse(out.why, "node " + who->node_id + " is refused: " + out.words);
  }
  protocol_ = out.chosen;
  phase_ = phase::answered;
  return true;
}

bool connection::take_answer(std::span<const std::byte> payload) {
  const auto said = decode_answer(payload);
  if (!said)
    return refuse(refusal::malformed, "what the peer answers is no answer to a hello");
  if (said->why != refusal::none)
    return refuse(said->why, "the peer refuses: " + said->words);
  const auto& own = shared_.settings;
  if (said->chosen < own.protocol.min || said->chosen > own.protocol.max)
    return refuse(refusal::protocol, "the peer chooses protocol " + std::to_string(said->chosen)
                                       + ", which is not spoken here");
  if (said->node_id != peer_.node_id || said->incarnation != peer_.incarnation)
    return refuse(refusal::incarnation, "another node answers: " + said->node_id + " "
                                          + domain::to_string(said->incarnation));
  protocol_ = said->chosen;
  release_ = said->release;
  peer_window_ = std::min(said->window, most_window);
  may_send_ = static_cast<std::int64_t>(peer_window_);
  append_frame(control_, frame_kind::ready, std::span<const std::byte>{});
  become_live();
  return phase_ != phase::closed;
}

bool connection::take_message(std::span<const std::byte> payload) {
  std::optional<messages::peer_frame> frame;
  try {
    frame = decode_message(payload);
  } catch (const std::exception& why) {
    return refuse(refusal::malformed, std::string{"a message can't be read: "} + why.what());
  }
  if (!frame)
    return refuse(refusal::malformed, "the peer sends a message that can't be read");
  shared_.metrics.frames_in->inc();
  owner_->received(*this, std::move(*frame), header_size + payload.size());
  return phase_ != phase::closed;
}

void connection::become_live() {
  const auto now = steady::now();
  phase_ = phase::live;
  last_heard_ = now;
  next_ping_ = now + shared_.settings.ping;
  if (!dialled_) {
    peer_may_send_ = static_cast<std::int64_t>(shared_.settings.window);
    credit_ = std::make_shared<credit_account>(shared_.settings.window / 8,
                                               [loop = shared_.loop, weak = weak_from_this()] {
                                                 net::post(*loop, [weak] {
                                                   if (const auto self = weak.lock())
                                                     self->grant();
                                                 });
                                               });
  }
  arm();
  owner_->ready(*this);
}

void connection::grant() {
  if (phase_ != phase::live)
    return;
  const auto back = credit_->take();
  if (back == 0)
    return;
  peer_may_send_ += static_cast<std::int64_t>(back);
  append_frame(control_, frame_kind::credit, back);
  write();
}

void connection::send_from(std::shared_ptr<outbox> box) {
  box_ = std::move(box);
}

} // namespace spotter::links
