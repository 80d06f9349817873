#include "gateway/json/reader.hpp"

#include "gateway/json/checked.hpp"

namespace spotter::gateway::json {

namespace {

constexpr int deepest = 32;
constexpr std::size_t most_errors = 64; // the rest would only repeat itself

using simdjson::ondemand::json_type;

/// True for the word itself with nothing but blanks behind it.
bool is_word(std::string_view token, std::string_view word) noexcept {
  return token.starts_with(word) && token.find_first_not_of(" \t\r\n", word.size()) == token.npos;
}

} // namespace

void wrong_type(reader& r, value& v, std::string_view wanted) {
  consume(v);
  r.error("invalid_type", "Must be " + std::string(wanted) + ".");
}

void reader::error(std::string_view code, std::string detail) {
  if (errors_.size() < most_errors)
    errors_.push_back({pointer_, std::string(code), std::move(detail)});
}

void reader::error_at(std::string_view member, std::string_view code, std::string detail) {
  enter(member);
  error(code, std::move(detail));
  leave();
}

void reader::enter(std::string_view member) {
  pointer_ += '/';
  for (const char c : member) {
    if (c == '~')
      pointer_ += "~0";
    else if (c == '/')
      pointer_ += "~1";
    else
      pointer_ += c;
  }
}

void reader::enter(std::size_t index) {
  pointer_ += '/';
  pointer_ += std::to_string(index);
}

void reader::leave() {
  // A member's own '/' was escaped, so the last one is where it began.
  pointer_.resize(pointer_.rfind('/'));
}

void read_object(reader& r, simdjson::ondemand::object object,
                 std::initializer_list<field> fields) {
  std::uint64_t seen = 0;
  for (auto entry : object) {
    simdjson::ondemand::field member;
    must(std::move(entry).get(member));
    // Reading the value reuses the buffer that the name is unescaped into only by appending.
    const auto name = must(member.unescaped_key());
    value v = member.value();
    const field* known = nullptr;
    std::size_t index = 0;
    for (const auto& f : fields) {
      if (f.name == name) {
        known = &f;
        break;
      }
      ++index;
    }
    if (!known) {
      consume(v);
      r.error_at(name.substr(0, 64), "unknown_field", "There is no such field here.");
      continue;
    }
    const auto bit = std::uint64_t{1} << index;
    if ((seen & bit) != 0)
      throw malformed{"A field is repeated."};
    seen |= bit;
    r.enter(known->name);
    known->read(r, v);
    r.leave();
  }
  std::size_t index = 0;
  for (const auto& f : fields) {
    if (f.required && (seen & (std::uint64_t{1} << index)) == 0)
      r.error_at(f.name, "required", "This field is needed.");
    ++index;
  }
}

void read_object(reader& r, value& v, std::initializer_list<field> fields) {
  if (must(v.type()) != json_type::object) {
    wrong_type(r, v, "an object");
    return;
  }
  read_object(r, must(v.get_object()), fields);
}

void consume(value& v, int depth) {
  if (depth > deepest)
    throw malformed{"The text is nested too deeply."};
  switch (must(v.type())) {
    case json_type::object:
      for (auto entry : must(v.get_object())) {
        simdjson::ondemand::field member;
        must(std::move(entry).get(member));
        (void)must(member.unescaped_key());
        consume(member.value(), depth + 1);
      }
      break;
    case json_type::array:
      for (auto entry : must(v.get_array())) {
        value item;
        must(std::move(entry).get(item));
        consume(item, depth + 1);
      }
      break;
    case json_type::string:
      (void)must(v.get_string());
      break;
    case json_type::number: {
      if (!is_number(v.raw_json_token()))
        throw malformed{"A number is malformed."};
      break;
    }
    case json_type::boolean:
      (void)must(v.get_bool());
      break;
    case json_type::null:
      if (!is_word(v.raw_json_token(), "null"))
        throw malformed{"A word is malformed."};
      break;
  }
}

bool at_end(simdjson::ondemand::document& document) {
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

bool is_null(value& v) {
  if (must(v.type()) != json_type::null)
    return false;
  consume(v);
  return true;
}

bool read_document(reader& r, padded_text text, std::string& why,
                   std::initializer_list<field> fields) {
  thread_local simdjson::ondemand::parser parsers[2];
  thread_local int in_use = 0;
  struct turn {
    turn() { ++in_use; }
    ~turn() { --in_use; }
  };
  if (in_use >= 2) {
    why = "The text is nested too deeply.";
    return false;
  }
  auto& parser = parsers[in_use];
  const turn mine;
  try {
    const auto view = text.view();
    if (view.find_first_not_of(" \t\r\n") == view.npos)
      throw malformed{"There is no content."};
    simdjson::ondemand::document document;
    must(
      parser
        .iterate(simdjson::padded_string_view{view.data(), view.size(), view.size() + json_slack})
        .get(document));
    const auto type = must(document.type());
    if (type == json_type::object) {
      read_object(r, must(document.get_object()), fields);
    } else {
      if (type == json_type::array) {
        value root;
        must(document.get_value().get(root));
        consume(root);
      } else if (type == json_type::string) {
        (void)must(document.get_string());
      } else if (type == json_type::number) {
        (void)must(document.get_number());
      } else if (type == json_type::boolean) {
        (void)must(document.get_bool());
      } else if (!must(simdjson::simdjson_result<bool>(document.is_null()))) {
        throw malformed{"A word is malformed."};
      }
      r.error("invalid_type", "Must be an object.");
    }
    if (!at_end(document))
      throw malformed{"There is text after the end."};
    return true;
  } catch (const malformed& e) {
    why = e.why;
    return false;
  } catch (const simdjson::simdjson_error& e) {
    why = e.what();
    return false;
  }
}

} // namespace spotter::gateway::json
