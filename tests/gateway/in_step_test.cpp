#include "gateway/routes/in_step.hpp"

#define CAF_SUITE in_step
#include "caf/test/dsl.hpp"

using namespace spotter::gateway;
using namespace std::chrono_literals;

CAF_TEST(answers come on full steps whatever their work took) {
  const steady::time_point began{12'345us};
  for (const auto took : {0us, 1us, 7'000us, 31'415us, 49'999us})
    CAF_CHECK(next_step(began, began + took) == began + 50ms);
  for (const auto took : {50'000us, 50'001us, 99'999us})
    CAF_CHECK(next_step(began, began + took) == began + 100ms);
  CAF_CHECK(next_step(began, began + 1s) == began + 1'050ms);
}
