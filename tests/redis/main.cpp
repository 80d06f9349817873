// The framework's main for programs whose actors exchange Spotter's messages, where there is a Redis.
#define CAF_TEST_NO_MAIN

#include "tests/redis/redis_server.hpp"

#include "actors/messages/all.hpp"

#include "caf/init_global_meta_objects.hpp"
#include "caf/test/unit_test_impl.hpp"

#include <iostream>

int main(int argc, char** argv) {
  if (!spotter::tests::redis_server::installed()) {
    std::cout << "skipped: there is no redis-server\n";
    return 77;
  }
  caf::init_global_meta_objects<caf::id_block::spotter>();
  caf::core::init_global_meta_objects();
  return caf::test::main(argc, argv);
}
