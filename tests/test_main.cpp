// CAF's test framework with its own `main`, for programs that register no message types.
#include "caf/init_global_meta_objects.hpp"
#include "caf/test/unit_test_impl.hpp"
