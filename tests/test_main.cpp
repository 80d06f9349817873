// CAF's test framework with its own `main`, for programs that register no message types.
#include "caf/test/unit_test_impl.hpp"
