#pragma once

#include "actors/messages/all.hpp"
#include "tests/links/certificates.hpp"

#include <sys/types.h>

#include <cstdio>
#include <string>

namespace spotter::test {

/// A node in a process of its own (echo_node.cpp), ended with the object.
class child_node {
public:
  child_node(const std::string& program, const std::string& node_id, const identity_files& files);
  ~child_node();
  child_node(const child_node&) = delete;
  child_node& operator=(const child_node&) = delete;

  [[nodiscard]] const messages::peer_address& as_peer() const { return self_; }
  void want(const messages::peer_address& peer);
  void signal(int number) const;

private:
  pid_t pid_ = -1;
  std::FILE* to_ = nullptr;
  messages::peer_address self_;
};

} // namespace spotter::test
