// The bodies of Asio (with TLS) and Beast; see cmake/spotter_asio.cmake.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
