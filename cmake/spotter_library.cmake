# The functions with which each folder declares what it has.

# spotter_library(name SOURCES … [PUBLIC libs…] [PRIVATE libs…])
# A static library of ours. Files are included from the root of the repository.
function(spotter_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;PUBLIC;PRIVATE")
  add_library(${name} STATIC ${arg_SOURCES})
  target_include_directories(${name} PUBLIC "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE} spotter_warnings)
endfunction()

# spotter_executable(name SOURCES … [LIBS …])
# A program of ours that is not a test.
function(spotter_executable name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS")
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${arg_LIBS} spotter_warnings)
endfunction()

# spotter_test(name SOURCES … [SUITES …] [LIBS …] [LABELS …] [NO_MAIN] [TIMEOUT seconds])
# A test program on CAF's test framework. Each of SUITES becomes a test of its own, `name.suite`,
# in a process of its own; without SUITES the whole program is one test. The program's `main` is
# the framework's; with NO_MAIN one of the sources has it (to call `caf::test::main` after
# `init_global_meta_objects`).
function(spotter_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "NO_MAIN" "TIMEOUT" "SOURCES;SUITES;LIBS;LABELS")
  if(NOT arg_NO_MAIN)
    list(APPEND arg_SOURCES $<TARGET_OBJECTS:spotter_test_main>)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  spotter_executable(${name} SOURCES ${arg_SOURCES} LIBS ${arg_LIBS} CAF::test CAF::core)
  if(arg_SUITES)
    foreach(suite ${arg_SUITES})
      spotter_add_test(${name}.${suite} ${arg_TIMEOUT} "${arg_LABELS}"
        COMMAND ${name} -n -v 3 -r ${arg_TIMEOUT} -s "^${suite}$")
      # The framework takes a suite that does not exist for a success.
      set_tests_properties(${name}.${suite} PROPERTIES FAIL_REGULAR_EXPRESSION "suites:  0")
    endforeach()
  else()
    spotter_add_test(${name} ${arg_TIMEOUT} "${arg_LABELS}" COMMAND ${name} -n -v 3 -r ${arg_TIMEOUT})
  endif()
endfunction()

# spotter_add_test(name timeout labels COMMAND …)
# Any command as a test, run from the root of the repository.
function(spotter_add_test name timeout labels)
  cmake_parse_arguments(PARSE_ARGV 3 arg "" "" "COMMAND")
  add_test(NAME ${name} COMMAND ${arg_COMMAND} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties(${name} PROPERTIES
    TIMEOUT ${timeout} LABELS "${labels}" SKIP_RETURN_CODE 77)
endfunction()

# spotter_fuzzer(name SOURCES … [LIBS …])
# A libFuzzer target (it defines `LLVMFuzzerTestOneInput`), when SPOTTER_FUZZ is on; the target
# spotter_fuzzers builds them all into the folder fuzz/. Otherwise a program that gives it the inputs of
# corpus/<name>, and the test fuzz.<name> that runs it. Clang 14 can't compile libpqxx's headers in
# C++20, so nothing that uses the database can be fuzzed.
function(spotter_fuzzer name)
  if(NOT SPOTTER_FUZZ)
    set(replay ${name}_replay)
    spotter_executable(${replay} ${ARGN})
    target_sources(${replay} PRIVATE "${PROJECT_SOURCE_DIR}/tests/fuzz/replay.cpp")
    spotter_add_test(fuzz.${name} 60 "fuzz"
      COMMAND ${replay} "${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name}")
    return()
  endif()
  spotter_executable(${name} ${ARGN})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/fuzz")
  if(NOT TARGET spotter_fuzzers)
    add_custom_target(spotter_fuzzers)
  endif()
  add_dependencies(spotter_fuzzers ${name})
endfunction()
