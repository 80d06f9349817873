#include "tests/links/holes.hpp"

#include "links/net.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <thread>

namespace spotter::test {

namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return out;
}

int listening(int backlog, std::uint16_t& port) {
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto here = loopback(0);
  socklen_t size = sizeof here;
  if (::bind(made, reinterpret_cast<sockaddr*>(&here), size) != 0 || ::listen(made, backlog) != 0
      || ::getsockname(made, reinterpret_cast<sockaddr*>(&here), &size) != 0)
    throw std::runtime_error("no listening socket");
  port = ntohs(here.sin_port);
  return made;
}

} // namespace

black_hole::black_hole() {
  sockets_.push_back(listening(0, port_));
  // Connects until one is not answered any more.
  while (sockets_.size() < 20) {
    const int one = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockets_.push_back(one);
    const auto to = loopback(port_);
    ::connect(one, reinterpret_cast<const sockaddr*>(&to), sizeof to);
    pollfd ready{one, POLLOUT, 0};
    if (::poll(&ready, 1, 200) == 0)
      return;
  }
  throw std::runtime_error("the queue of a socket does not fill");
}

black_hole::~black_hole() {
  for (const int one : sockets_)
    ::close(one);
}

silent_port::silent_port() : socket_(listening(100, port_)) {}

silent_port::~silent_port() {
  ::close(socket_);
}

struct cable::implementation {
  using socket = links::net::ip::tcp::socket;

  // One direction of a connection.
  struct strand : std::enable_shared_from_this<strand> {
    strand(implementation& owner, std::shared_ptr<socket> from, std::shared_ptr<socket> to)
      : owner(owner), from(std::move(from)), to(std::move(to)), born(owner.cuts) {}

    void run() {
      from->async_read_some(
        links::net::buffer(room),
        [self = shared_from_this()](boost::system::error_code failed, std::size_t size) {
          // A cut cable does not say that an end has hung up, either.
          if (self->owner.dead || self->born != self->owner.cuts)
            return self->owner.keep(self);
          if (failed) {
            boost::system::error_code ignored;
            self->to->shutdown(socket::shutdown_send, ignored);
            return;
          }
          links::net::async_write(*self->to, links::net::buffer(self->room, size),
                                  [self](boost::system::error_code lost, std::size_t) {
                                    if (!lost)
                                      self->run();
                                  });
        });
    }

    implementation& owner;
    std::shared_ptr<socket> from;
    std::shared_ptr<socket> to;
    int born;
    std::array<char, 64 * 1024> room;
  };

  explicit implementation(std::uint16_t target)
    : target(target), acceptor(loop, {links::net::ip::address_v4::loopback(), 0}) {
    accept();
    thread = std::thread{[this] { loop.run(); }};
  }

  ~implementation() {
    loop.stop();
    thread.join();
  }

  void keep(std::shared_ptr<strand> lost) { kept.push_back(std::move(lost)); }

  void accept() {
    acceptor.async_accept([this](boost::system::error_code failed, socket made) {
      if (!failed) {
        const auto near = std::make_shared<socket>(std::move(made));
        const auto far = std::make_shared<socket>(loop);
        boost::system::error_code lost;
        far->connect({links::net::ip::address_v4::loopback(), target}, lost);
        if (!lost) {
          std::make_shared<strand>(*this, near, far)->run();
          std::make_shared<strand>(*this, far, near)->run();
        }
      }
      accept();
    });
  }

  std::uint16_t target;
  links::net::io_context loop;
  links::net::ip::tcp::acceptor acceptor;
  std::vector<std::shared_ptr<strand>> kept;
  std::atomic<bool> dead = false;
  std::atomic<int> cuts = 0;
  std::thread thread;
};

cable::cable(std::uint16_t to) : implementation_(std::make_unique<implementation>(to)) {}

cable::~cable() = default;

std::string cable::address() const {
  return "127.0.0.1:" + std::to_string(implementation_->acceptor.local_endpoint().port());
}

void cable::cut() {
  implementation_->dead = true;
  ++implementation_->cuts;
}

void cable::mend() {
  implementation_->dead = false;
}

} // namespace spotter::test
