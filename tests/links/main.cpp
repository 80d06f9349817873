// The framework's main for programs whose actors exchange Spotter's messages.
#define CAF_TEST_NO_MAIN

#include "actors/messages/all.hpp"

#include "caf/init_global_meta_objects.hpp"
#include "caf/test/unit_test_impl.hpp"

#include <csignal>

int main(int argc, char** argv) {
  // What the tests themselves write to sockets that were closed is an error to them, not their end.
  std::signal(SIGPIPE, SIG_IGN);
  caf::init_global_meta_objects<caf::id_block::spotter>();
  caf::core::init_global_meta_objects();
  return caf::test::main(argc, argv);
}
