#pragma once

#include <string>
#include <string_view>

namespace spotter::gateway {

/// Appends what tells browsers to take an answer for nothing else than it is: pages may load what this
/// server has and nothing else, and may not be framed; what is no page may load nothing at all.
/// `given` are the header lines that the route wrote, whose own policy stands. `secured`: the client
/// came over TLS, and is to do so again.
void append_security_headers(std::string& out, std::string_view content_type,
                             std::string_view given, bool secured);

} // namespace spotter::gateway
