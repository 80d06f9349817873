#include "tests/links/child_node.hpp"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcntl.h>

#include <stdexcept>

namespace spotter::test {

child_node::child_node(const std::string& program, const std::string& node_id,
                       const identity_files& files) {
  int in[2];
  int out[2];
  if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0)
    throw std::runtime_error("no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  std::string words[] = {program, node_id, files.certificate, files.key, files.ca};
  char* arguments[] = {words[0].data(), words[1].data(), words[2].data(),
                       words[3].data(), words[4].data(), nullptr};
  const int failed = ::posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(out[1]);
  if (failed != 0)
    throw std::runtime_error("the child can't be started");
  to_ = ::fdopen(in[1], "w");
  std::FILE* from = ::fdopen(out[0], "r");
  char incarnation[64];
  unsigned port = 0;
  const int read = std::fscanf(from, "%63s %u", incarnation, &port);
  std::fclose(from);
  if (read != 2)
    throw std::runtime_error("the child says nothing");
  self_ = {domain::parse_uuid(incarnation).value(), node_id, "127.0.0.1:" + std::to_string(port)};
}

child_node::~child_node() {
  signal(SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  std::fclose(to_);
}

void child_node::want(const messages::peer_address& peer) {
  std::fprintf(to_, "%s %s %s\n", to_string(peer.incarnation).c_str(), peer.node_id.c_str(),
               peer.address.c_str());
  std::fflush(to_);
}

void child_node::signal(int number) const {
  ::kill(pid_, number);
}

} // namespace spotter::test
