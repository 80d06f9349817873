# Finds every library that Spotter uses. Debian's packages have most of them (deploy/packages.txt);
# CAF and libpqxx are built from source packages by deploy/dependencies, and are found in its cache
# unless CAF_ROOT or libpqxx_ROOT names another place.

# Points <variable>_ROOT to what deploy/dependencies built, when nothing else is asked for.
function(spotter_use_built variable name)
  if(DEFINED ${variable} OR DEFINED ENV{${variable}})
    return()
  endif()
  execute_process(
    COMMAND "${PROJECT_SOURCE_DIR}/deploy/dependencies" prefix ${name}
    OUTPUT_VARIABLE prefix OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  if(NOT IS_DIRECTORY "${prefix}")
    message(FATAL_ERROR
      "${name} is not built yet (looked for ${prefix}).\n"
      "Run `deploy/dependencies build ${name}`, or set ${variable} to where it is installed.")
  endif()
  # A build folder remembers where it found the library, even when the recipe has changed since.
  string(REPLACE "_ROOT" "_DIR" found ${variable})
  if(NOT "${${found}}" MATCHES "^${prefix}/")
    unset(${found} CACHE)
  endif()
  set(${variable} "${prefix}" PARENT_SCOPE)
endfunction()

if(SPOTTER_SANITIZE MATCHES "thread")
  spotter_use_built(CAF_ROOT caf-tsan)
else()
  spotter_use_built(CAF_ROOT caf)
endif()
spotter_use_built(libpqxx_ROOT libpqxx)

find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(CAF 0.18.7 EXACT REQUIRED COMPONENTS core io openssl test)
find_package(libpqxx 7.10 REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(simdjson REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(CLI11 REQUIRED)
find_package(date REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(oath REQUIRED IMPORTED_TARGET liboath)
pkg_check_modules(qrencode REQUIRED IMPORTED_TARGET libqrencode)
pkg_check_modules(libzip REQUIRED IMPORTED_TARGET libzip)
# It comes without a description of itself.
find_library(zxcvbn_library zxcvbn REQUIRED)
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET hiredis)
