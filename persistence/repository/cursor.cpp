#include "persistence/repository/cursor.hpp"

#include "domain/base64.hpp"
#include "domain/formats/utf8.hpp"

namespace spotter::persistence {

namespace {

constexpr std::size_t longest = 2048; // a name of 255 characters and an id, many times over

} // namespace

std::string make_cursor(char kind, std::initializer_list<std::string_view> parts) {
  std::string plain{kind};
  for (const auto part : parts) {
    plain += '|';
    plain += part;
  }
  return domain::to_base64url(plain);
}

std::optional<std::vector<std::string>> read_cursor(char kind, std::size_t parts,
                                                    std::string_view cursor) {
  if (cursor.size() > longest)
    return std::nullopt;
  const auto plain = domain::from_base64url(cursor);
  if (!plain || plain->size() < 2 || (*plain)[0] != kind || (*plain)[1] != '|'
      || !is_storable(*plain))
    return std::nullopt;
  std::vector<std::string> out;
  std::string_view rest{*plain};
  rest.remove_prefix(2);
  while (out.size() + 1 < parts) {
    const auto bar = rest.find('|');
    if (bar == std::string_view::npos)
      return std::nullopt;
    out.emplace_back(rest.substr(0, bar));
    rest.remove_prefix(bar + 1);
  }
  out.emplace_back(rest);
  return out;
}

messages::failure bad_cursor() {
  return {messages::failure_code::invalid_content,
          "the cursor is not one that this list gave",
          {{"cursor", "invalid_cursor", "use the next_cursor of the page before, unchanged"}},
          0};
}

bool is_storable(std::string_view text) noexcept {
  return text.find('\0') == std::string_view::npos && domain::is_utf8(text);
}

} // namespace spotter::persistence
