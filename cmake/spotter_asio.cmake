# Asio and Beast compiled once, instead of into every file that includes them.
add_library(spotter_asio STATIC "${PROJECT_SOURCE_DIR}/cmake/asio.cpp")
target_compile_definitions(spotter_asio PUBLIC
  BOOST_ASIO_SEPARATE_COMPILATION
  BOOST_BEAST_SEPARATE_COMPILATION)
target_link_libraries(spotter_asio PUBLIC
  Boost::headers OpenSSL::SSL OpenSSL::Crypto Threads::Threads)

# The thread sanitizer knows no fences, and g++ says so; Asio's own locks are enough for it.
if(SPOTTER_SANITIZE MATCHES "thread")
  target_compile_definitions(spotter_asio PUBLIC BOOST_ASIO_DISABLE_FENCED_BLOCK)
endif()
