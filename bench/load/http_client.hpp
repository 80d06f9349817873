#pragma once

#include "bench/load/stream.hpp"

#include <functional>

namespace spotter::bench {

/// Speaks as much HTTP/1.1 as the servers measured here answer with: responses with a length.
class http_client : public stream {
public:
  /// Called with each response, in the order of the requests. The body is gone afterwards.
  using on_response = std::function<void(int status, std::string_view body)>;

  http_client(loop& at, const endpoint& to, on_response handler);

private:
  std::size_t on_bytes(std::string_view bytes) override;

  on_response handler_;
};

} // namespace spotter::bench
