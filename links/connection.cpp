#include "links/connection.hpp"

#include <boost/asio/post.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

namespace spotter::links {

namespace {

// A step moves no more than this, then the other connections and the timers have their turn. It is
// thousands of small messages: with more, a busy machine would seem silent to its peers.
constexpr std::size_t turn = 64 * 1024;

// Frames that go into one write, so that pings and pongs are not held up long.
constexpr std::size_t run_size = 64 * 1024;

std::string name_of(const tcp_socket& socket) {
  boost::system::error_code failed;
  const auto end = socket.remote_endpoint(failed);
  return failed ? "?" : end.address().to_string() + ":" + std::to_string(end.port());
}

} // namespace

connection::connection(connection_owner& owner, connection_shared& shared, tcp_socket socket,
                       ssl_ptr ssl, messages::peer_address to)
  : owner_(&owner), shared_(shared), socket_(std::move(socket)), ssl_(std::move(ssl)),
    timer_(*shared.loop), dialled_(true), peer_(std::move(to)), remote_(name_of(socket_)),
    cutter_([this](frame_kind kind, std::size_t size) { return may_come(kind, size); },
            [this](frame_kind kind, auto payload) { return take(kind, payload); }) {}

connection::connection(connection_owner& owner, connection_shared& shared, tcp_socket socket,
                       ssl_ptr ssl)
  : owner_(&owner), shared_(shared), socket_(std::move(socket)), ssl_(std::move(ssl)),
    timer_(*shared.loop), dialled_(false), remote_(name_of(socket_)),
    cutter_([this](frame_kind kind, std::size_t size) { return may_come(kind, size); },
            [this](frame_kind kind, auto payload) { return take(kind, payload); }) {}

void connection::start() {
  boost::system::error_code ignored;
  socket_.native_non_blocking(true, ignored);
  socket_.set_option(net::ip::tcp::no_delay(true), ignored);
  const auto silence = static_cast<unsigned>(shared_.settings.silence.count());
  ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &silence, sizeof silence);
  deadline_ = steady::now() + shared_.settings.handshake;
  arm();
  step();
}

void connection::close() noexcept {
  if (phase_ == phase::closed)
    return;
  phase_ = phase::closed;
  timer_.cancel();
  if (box_)
    box_->close();
  if (ssl_ && SSL_is_init_finished(ssl_.get())) {
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void connection::fail(refusal why, const std::string& words) {
  if (phase_ == phase::closed)
    return;
  const bool was_live = phase_ == phase::live;
  const auto keep = shared_from_this();
  close();
  owner_->broke(*this, was_live ? refusal::none : why, words);
}

// Does all that can be done at once, then waits for what is missing.
void connection::step() {
  if (phase_ == phase::closed)
    return;
  const auto keep = shared_from_this();
  if (phase_ == phase::tls && !shake_hands())
    return;
  write();
  if (phase_ != phase::closed)
    read();
  // What was read may have asked for an answer.
  if (phase_ != phase::closed)
    write();
}

bool connection::shake_hands() {
  if (!ssl_) {
    fail(refusal::crowded, "TLS can't be set up: out of memory");
    return false;
  }
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    phase_ = phase::hello;
    if (dialled_) {
      const auto& own = shared_.settings;
      append_frame(control_, frame_kind::hello,
                   encode(hello{own.protocol, own.cluster_id, own.node_id, own.incarnation,
                                peer_.incarnation, own.release}));
    }
    return true;
  }
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      wait(tcp_socket::wait_read);
      break;
    case SSL_ERROR_WANT_WRITE:
      wait(tcp_socket::wait_write);
      break;
    default: {
      const auto code = ERR_peek_last_error();
      const bool certificate = SSL_get_verify_result(ssl_.get()) != X509_V_OK
                               || ERR_GET_REASON(code) == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE;
      const auto words = take_tls_error(ssl_.get());
      fail(certificate ? refusal::certificate : refusal::malformed,
           words.empty() ? "the connection ended during the TLS handshake" : words);
    }
  }
  return false;
}

void connection::read() {
  for (std::size_t total = 0; phase_ != phase::closed;) {
    if (total >= turn)
      return later();
    ERR_clear_error();
    const int n =
      SSL_read(ssl_.get(), shared_.scratch.data(), static_cast<int>(shared_.scratch.size()));
    if (n > 0) {
      const auto size = static_cast<std::size_t>(n);
      total += size;
      shared_.metrics.bytes_in->inc(n);
      last_heard_ = steady::now();
      if (!cutter_.feed({shared_.scratch.data(), size}))
        return fail(refused_, refused_words_);
      continue;
    }
    switch (SSL_get_error(ssl_.get(), n)) {
      case SSL_ERROR_WANT_READ:
        return wait(tcp_socket::wait_read);
      case SSL_ERROR_WANT_WRITE:
        return wait(tcp_socket::wait_write);
      default: {
        // With TLS 1.3 the other side may refuse our certificate after our handshake is done.
        const auto words = take_tls_error(ssl_.get());
        return fail(refusal::malformed, words.empty() ? "the peer closed the connection" : words);
      }
    }
  }
}

void connection::write() {
  for (std::size_t total = 0; phase_ != phase::closed;) {
    if (run_left_ == 0 && !next_run())
      return;
    if (total >= turn)
      return later();
    const auto* from = run_is_control_ ? control_run_.data() + (control_run_.size() - run_left_)
                                       : &taken_[run_begin_];
    ERR_clear_error();
    const int n =
      SSL_write(ssl_.get(), from, static_cast<int>(std::min<std::size_t>(run_left_, INT32_MAX)));
    if (n > 0) {
      const auto size = static_cast<std::size_t>(n);
      total += size;
      shared_.metrics.bytes_out->inc(n);
      run_left_ -= size;
      if (!run_is_control_) {
        run_begin_ += size;
        box_->written(size);
      }
      continue;
    }
    switch (SSL_get_error(ssl_.get(), n)) {
      case SSL_ERROR_WANT_READ:
        return wait(tcp_socket::wait_read);
      case SSL_ERROR_WANT_WRITE:
        return wait(tcp_socket::wait_write);
      default: {
        const auto words = take_tls_error(ssl_.get());
        return fail(refusal::malformed, words.empty() ? "the peer closed the connection" : words);
      }
    }
  }
}

// Control frames go between messages, and before those that wait.
bool connection::next_run() {
  if (!control_.empty()) {
    control_run_.clear();
    control_run_.swap(control_);
    run_is_control_ = true;
    run_left_ = control_run_.size();
    return true;
  }
  if (!box_)
    return false;
  if (next_size_ == taken_sizes_.size()) {
    // What held a burst is given back; what holds single frames is used again.
    if (taken_.capacity() > run_size)
      bytes{}.swap(taken_);
    taken_.clear();
    taken_sizes_.clear();
    next_size_ = 0;
    run_begin_ = 0;
    box_->take(taken_, taken_sizes_);
  }
  run_is_control_ = false;
  // A frame larger than half the window may go when half the window is free, so that neither small
  // nor large ones starve while the last credit is on its way.
  while (next_size_ < taken_sizes_.size() && run_left_ < run_size) {
    const auto size = taken_sizes_[next_size_];
    if (may_send_ < static_cast<std::int64_t>(std::min<std::uint64_t>(size, peer_window_ / 2)))
      break;
    may_send_ -= static_cast<std::int64_t>(size);
    run_left_ += size;
    ++next_size_;
    shared_.metrics.frames_out->inc();
  }
  return run_left_ > 0;
}

void connection::wait(tcp_socket::wait_type what) {
  auto& waiting = what == tcp_socket::wait_read ? waiting_read_ : waiting_write_;
  if (std::exchange(waiting, true))
    return;
  socket_.async_wait(what, [self = shared_from_this(), &waiting](boost::system::error_code) {
    waiting = false;
    self->step();
  });
}

void connection::later() {
  if (std::exchange(stepping_later_, true))
    return;
  net::post(*shared_.loop, [self = shared_from_this()] {
    self->stepping_later_ = false;
    self->step();
  });
}

void connection::arm() {
  timer_.expires_at(phase_ == phase::live
                      ? std::min(next_ping_, last_heard_ + shared_.settings.silence)
                      : deadline_);
  timer_.async_wait([self = shared_from_this()](boost::system::error_code cancelled) {
    if (!cancelled)
      self->on_time();
  });
}

void connection::on_time() {
  if (phase_ == phase::closed)
    return;
  const auto now = steady::now();
  if (phase_ != phase::live) {
    if (now < deadline_)
      return arm();
    const auto limit = std::to_string(shared_.settings.handshake.count());
    return fail(refusal::slow, "TLS and hello were not through within " + limit + " ms");
  }
  if (now - last_heard_ >= shared_.settings.silence) {
    // Perhaps it was this node that slept, and there is something to read.
    read();
    if (phase_ == phase::closed)
      return;
    if (now - last_heard_ >= shared_.settings.silence)
      return fail(refusal::none, "the peer has been silent for "
                                   + std::to_string(shared_.settings.silence.count()) + " ms");
  }
  if (now >= next_ping_) {
    last_ping_ = static_cast<std::uint64_t>(now.time_since_epoch().count());
    append_frame(control_, frame_kind::ping, last_ping_);
    next_ping_ = now + shared_.settings.ping;
    write();
    if (phase_ == phase::closed)
      return;
  }
  arm();
}

} // namespace spotter::links
