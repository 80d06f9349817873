# How everything is compiled and linked: warnings, sanitizers, compiler cache, linker.

# Ours only: third parties are SYSTEM and compile with what they choose themselves.
add_library(spotter_warnings INTERFACE)
# They stop a build of ours, never one of somebody whose compiler knows more of them.
target_compile_options(spotter_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion $<$<NOT:$<CONFIG:Release>>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 at -O2 takes the empty alternative of a moved std::variant for an uninitialised read,
  # and a response promise of CAF that was moved from for one that is used after it was freed.
  target_compile_options(spotter_warnings INTERFACE -Wno-maybe-uninitialized
    $<$<CONFIG:Release>:-Wno-use-after-free>)
endif()

if(SPOTTER_SANITIZE)
  add_compile_options(-fsanitize=${SPOTTER_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SPOTTER_SANITIZE})
  if(SPOTTER_SANITIZE MATCHES "undefined")
    # A report that does not fail the test would go unseen.
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()

find_program(SPOTTER_CCACHE ccache)
if(SPOTTER_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${SPOTTER_CCACHE}")
endif()

# Every test links all of CAF: the default linker takes several times as long.
find_program(SPOTTER_LD_LLD NAMES ld.lld ld.lld-14)
find_program(SPOTTER_LD_GOLD ld.gold)
if(SPOTTER_LD_LLD MATCHES "ld.lld$")
  add_link_options(-fuse-ld=lld)
elseif(SPOTTER_LD_GOLD AND NOT SPOTTER_SANITIZE)
  add_link_options(-fuse-ld=gold)
endif()

# Where third-party libraries leave a choice between shared and static, static makes `spotterd`
# independent of the folder they were built in.
set(BUILD_SHARED_LIBS OFF)
