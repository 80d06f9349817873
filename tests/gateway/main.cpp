// The framework's main for programs whose actors exchange Spotter's messages.
#define CAF_TEST_NO_MAIN

#include "actors/messages/all.hpp"

#include "caf/init_global_meta_objects.hpp"
#include "caf/test/unit_test_impl.hpp"

int main(int argc, char** argv) {
  caf::init_global_meta_objects<caf::id_block::spotter>();
  caf::core::init_global_meta_objects();
  return caf::test::main(argc, argv);
}
