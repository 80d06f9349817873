#include "links/listener.hpp"

#include "links/dialler.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <stdexcept>

namespace spotter::links {

namespace {

// Lines about strangers: whoever knocks all the time must not fill the disk.
constexpr int most_lines = 20;
constexpr std::chrono::seconds lines_period{10};

} // namespace

listener::listener(connection_shared& shared, SSL_CTX* tls, judge_of judge, taker take)
  : shared_(shared), tls_(tls), judge_(std::move(judge)), take_(std::move(take)),
    acceptor_(*shared.loop), pause_(*shared.loop) {
  const auto& where = shared.settings.listen;
  const auto fail = [&](const std::string& why) {
    throw std::runtime_error("cluster links: can't listen on " + where + ": " + why);
  };
  const auto place = parse_host_port(where);
  if (!place)
    fail("it is not host:port");
  const auto found = look_up(*place);
  if (found.ends.empty())
    fail(found.error);
  boost::system::error_code failed;
  const auto& end = found.ends.front();
  acceptor_.open(end.protocol(), failed);
  if (!failed)
    acceptor_.set_option(net::socket_base::reuse_address(true), failed);
  if (!failed)
    acceptor_.bind(end, failed);
  if (!failed)
    acceptor_.listen(net::socket_base::max_listen_connections, failed);
  if (!failed)
    port_ = acceptor_.local_endpoint(failed).port();
  if (failed)
    fail(failed.message());
}

void listener::accept() {
  acceptor_.async_accept([this](boost::system::error_code failed, tcp_socket socket) {
    if (!acceptor_.is_open())
      return;
    if (failed)
      return pause();
    welcome(std::move(socket));
    accept();
  });
}

// Without a free descriptor the connection stays in the queue: trying at once would spin.
void listener::pause() {
  pause_.expires_after(std::chrono::milliseconds{100});
  pause_.async_wait([this](boost::system::error_code) {
    if (acceptor_.is_open())
      accept();
  });
}

void listener::welcome(tcp_socket socket) {
  // The oldest goes: honest ones are through in milliseconds.
  if (strangers_.size() >= shared_.settings.max_strangers && !strangers_.empty()) {
    const auto oldest = strangers_.front();
    oldest->give_up(refusal::crowded, "too many connections have not said who they are");
  }
  auto ssl = make_acceptor(tls_, socket.native_handle());
  const auto one = std::make_shared<connection>(*this, shared_, std::move(socket), std::move(ssl));
  strangers_.push_back(one);
  one->start();
}

void listener::close() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  for (const auto& one : strangers_)
    one->close();
  strangers_.clear();
}

void listener::ready(connection& what) {
  const auto known = what.shared_from_this();
  strangers_.remove(known);
  take_(known);
}

void listener::received(connection& what, messages::peer_frame, std::size_t) {
  what.give_up(refusal::malformed, "the peer sends a message before the link is up");
}

void listener::broke(connection& what, refusal why, const std::string& words) {
  shared_.metrics.refused(why);
  const auto now = steady::now();
  if (now - logged_since_ > lines_period) {
    logged_since_ = now;
    logged_ = 0;
  }
  if (++logged_ <= most_lines)
    spdlog::warn("link: a connection from {} was refused ({}): {}", what.remote(), to_string(why),
                 words);
  if (logged_ == most_lines)
    spdlog::warn("link: more refused connections are not logged for {} s", lines_period.count());
  strangers_.remove(what.shared_from_this());
}

} // namespace spotter::links
