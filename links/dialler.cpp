#include "links/dialler.hpp"

#include <boost/asio/post.hpp>

#include <netdb.h>
#include <sys/socket.h>

#include <atomic>
#include <charconv>
#include <cstring>
#include <system_error>
#include <thread>

namespace spotter::links {

namespace {

using net::ip::tcp;

// Names that are being looked up, in the whole process: each holds a thread.
constexpr int most_lookups = 64;
std::atomic<int> lookups{0};

std::string to_text(const tcp::endpoint& end) {
  return end.address().to_string() + ":" + std::to_string(end.port());
}

} // namespace

std::optional<host_port> parse_host_port(std::string_view text) {
  host_port out;
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0)
    return std::nullopt;
  auto host = text.substr(0, colon);
  if (host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos)
    return std::nullopt;
  const auto port = text.substr(colon + 1);
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (host.empty() || error != std::errc{} || end != port.data() + port.size())
    return std::nullopt;
  out.host = host;
  out.port = port;
  return out;
}

lookup_result look_up(const host_port& place) {
  lookup_result out;
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(place.host.c_str(), place.port.c_str(), &hints, &found);
      error != 0) {
    out.error = "the name " + place.host + " can't be resolved: " + ::gai_strerror(error);
    return out;
  }
  for (const auto* one = found; one; one = one->ai_next) {
    tcp::endpoint end;
    if (one->ai_addrlen > end.capacity())
      continue;
    std::memcpy(end.data(), one->ai_addr, one->ai_addrlen);
    end.resize(one->ai_addrlen);
    out.ends.push_back(end);
  }
  ::freeaddrinfo(found);
  if (out.ends.empty())
    out.error = "the name " + place.host + " has no address";
  return out;
}

// Lives as long as its thread, which posts the result to the loop.
struct dialler::lookup {
  std::string address;
  std::optional<lookup_result> result;
  std::weak_ptr<attempt> waiter;
};

// One dial: the name, then its addresses one after the other, until one connects or time is up.
struct dialler::attempt : std::enable_shared_from_this<attempt> {
  attempt(net::io_context& loop, dialler& owner, done then)
    : owner(&owner), then(std::move(then)), deadline(loop), socket(loop) {}

  void looked_up(const lookup_result& result) {
    if (!owner)
      return;
    if (result.ends.empty())
      return finish(std::nullopt, result.error);
    ends = result.ends;
    first = owner->turn_++ % ends.size();
    connect();
  }

  void connect() {
    if (tried == ends.size())
      return finish(std::nullopt, why);
    const auto end = ends[(first + tried++) % ends.size()];
    boost::system::error_code failed;
    socket = tcp_socket{socket.get_executor()};
    socket.open(end.protocol(), failed);
    why = "no connection to " + to_text(end);
    socket.async_connect(end, [self = shared_from_this(), end](boost::system::error_code error) {
      if (!self->owner)
        return;
      if (!error)
        return self->finish(std::move(self->socket), {});
      self->why = "no connection to " + to_text(end) + ": " + error.message();
      self->connect();
    });
  }

  void finish(std::optional<tcp_socket> result, const std::string& reason) {
    const auto keep = shared_from_this();
    auto report = std::move(then);
    auto* dials = owner;
    leave();
    dials->current_ = nullptr;
    report(std::move(result), reason);
  }

  void leave() noexcept {
    owner = nullptr;
    deadline.cancel();
    boost::system::error_code ignored;
    socket.close(ignored);
  }

  dialler* owner; // null once it is over
  done then;
  timer deadline;
  tcp_socket socket;
  std::vector<tcp::endpoint> ends;
  std::size_t first = 0;
  std::size_t tried = 0;
  std::string why;
};

void dialler::cancel() noexcept {
  if (const auto current = std::exchange(current_, nullptr))
    current->leave();
}

void dialler::dial(const std::string& address, std::chrono::milliseconds limit, done then) {
  cancel();
  const auto now = std::make_shared<attempt>(*loop_, *this, std::move(then));
  current_ = now;
  now->why = "the name in " + address + " was not resolved";
  now->deadline.expires_after(limit);
  now->deadline.async_wait([now, limit](boost::system::error_code cancelled) {
    if (!cancelled && now->owner)
      now->finish(std::nullopt, now->why + " within " + std::to_string(limit.count()) + " ms");
  });

  const auto later = [this, &now](lookup_result result) {
    net::post(*loop_, [now, result = std::move(result)] { now->looked_up(result); });
  };
  const auto place = parse_host_port(address);
  if (!place)
    return later({{}, "the address " + address + " is not host:port"});
  boost::system::error_code no_number;
  if (const auto number = net::ip::make_address(place->host, no_number); !no_number) {
    const auto port = static_cast<std::uint16_t>(std::stoi(place->port));
    return later({{tcp::endpoint{number, port}}, {}});
  }
  if (lookup_ && !lookup_->result && lookup_->address == address) {
    lookup_->waiter = now; // an older one still hangs
    return;
  }
  if (lookups.fetch_add(1) >= most_lookups) {
    lookups.fetch_sub(1);
    return later({{}, "too many names are being looked up"});
  }
  lookup_ = std::make_shared<lookup>();
  lookup_->address = address;
  lookup_->waiter = now;
  try {
    // Nothing can end a lookup that hangs, so nobody waits for this thread. It holds the loop, not
    // the links.
    std::thread{[loop = loop_, task = lookup_, place = *place] {
      auto result = look_up(place);
      lookups.fetch_sub(1);
      net::post(*loop, [task, result = std::move(result)]() mutable {
        task->result = std::move(result);
        if (const auto waiter = task->waiter.lock())
          waiter->looked_up(*task->result);
      });
    }}.detach();
  } catch (const std::system_error& error) {
    lookups.fetch_sub(1);
    lookup_ = nullptr;
    later({{}, std::string{"no thread to look a name up: "} + error.what()});
  }
}

} // namespace spotter::links
