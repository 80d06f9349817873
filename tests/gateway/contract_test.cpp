// The published /v1 may only grow. `v1_baseline.json` is the document as it was last promised: what
// it has must stay. A change that only adds passes; after a release the baseline moves up to it.

#include "gateway/assets.hpp"

#include <simdjson.h>

#include <set>
#include <string>

#define CAF_SUITE contract
#include "caf/test/dsl.hpp"

using namespace spotter::gateway;
using simdjson::dom::element;

namespace {

/// Collects what the new document lacks, and what it asks for that the old did not.
struct comparison {
  element old_root;
  element new_root;
  std::set<std::string> broken;
  std::set<std::string> seen; // pairs of schemas, since they may hold themselves

  void breaks(const std::string& where, const std::string& how) {
    broken.insert(where + ": " + how);
  }

  static element follow(const element& root, element node) {
    std::string_view reference;
    if (node["$ref"].get(reference) == simdjson::SUCCESS)
      return root.at_pointer(reference.substr(1));
    return node;
  }

  static std::set<std::string> names(const element& node, std::string_view member) {
    std::set<std::string> out;
    element list;
    if (node[member].get(list) != simdjson::SUCCESS)
      return out;
    if (list.is_string())
      out.emplace(std::string_view{list});
    else if (list.is_array())
      for (const auto item : list.get_array())
        if (item.is_string())
          out.emplace(std::string_view{item});
    return out;
  }

  static bool holds(const std::set<std::string>& all, const std::set<std::string>& part) {
    return std::includes(all.begin(), all.end(), part.begin(), part.end());
  }

  /// `request`: clients send it, so the new one must take what the old one took. Otherwise clients
  /// read it, so the new one must have what the old one had.
  void schema(const std::string& where, element was, element is, bool request) {
    was = follow(old_root, was);
    is = follow(new_root, is);
    if (!seen.insert(where).second || where.size() > 200)
      return;
    const auto old_types = names(was, "type");
    const auto new_types = names(is, "type");
    if (request ? !holds(new_types, old_types) : !holds(old_types, new_types))
      breaks(where, "another type");
    const auto old_values = names(was, "enum");
    if (!old_values.empty() && request && !holds(names(is, "enum"), old_values))
      breaks(where, "a value is refused");
    if (request ? !holds(names(was, "required"), names(is, "required"))
                : !holds(names(is, "required"), names(was, "required")))
      breaks(where, request ? "a field is needed now" : "a field may be missing now");
    element items;
    if (was["items"].get(items) == simdjson::SUCCESS)
      schema(where + "[]", items, is["items"], request);
    element properties;
    if (was["properties"].get(properties) != simdjson::SUCCESS)
      return;
    for (const auto [name, value] : properties.get_object()) {
      const auto place = where + "." + std::string(name);
      element now;
      if (is["properties"][name].get(now) != simdjson::SUCCESS)
        breaks(place, "is gone");
      else
        schema(place, value, now, request);
    }
  }

  void content(const std::string& where, element was, element is, bool request) {
    element old_types;
    if (was["content"].get(old_types) != simdjson::SUCCESS)
      return;
    for (const auto [type, value] : old_types.get_object()) {
      element now;
      if (is["content"][type].get(now) != simdjson::SUCCESS)
        breaks(where, "no " + std::string(type) + " any more");
      else
        schema(where, value["schema"], now["schema"], request);
    }
  }

  void operation(const std::string& where, element was, element is) {
    std::set<std::string> parameters;
    std::set<std::string> old_parameters;
    const auto collect = [](const element& root, element node, std::set<std::string>& all,
                            std::set<std::string>* needed) {
      element list;
      if (node["parameters"].get(list) != simdjson::SUCCESS)
        return;
      for (const auto item : list.get_array()) {
        const auto parameter = follow(root, item);
        const std::string name{std::string_view{parameter["name"]}};
        bool required = false;
        all.insert(name);
        if (needed && parameter["required"].get(required) == simdjson::SUCCESS && required)
          needed->insert(name);
      }
    };
    std::set<std::string> needed;
    collect(old_root, was, old_parameters, nullptr);
    collect(new_root, is, parameters, &needed);
    if (!holds(parameters, old_parameters))
      breaks(where, "a parameter is gone");
    if (!holds(old_parameters, needed))
      breaks(where, "a parameter is needed now");
    element body;
    if (was["requestBody"].get(body) == simdjson::SUCCESS)
      content(where + " body", body, is["requestBody"], true);
    for (const auto [status, response] : was["responses"].get_object()) {
      element now;
      if (is["responses"][status].get(now) != simdjson::SUCCESS) {
        if (status.starts_with('2'))
          breaks(where, "no " + std::string(status) + " any more");
        continue;
      }
      content(where + " " + std::string(status), follow(old_root, response), follow(new_root, now),
              false);
    }
  }

  void run() {
    for (const auto [path, operations] : old_root["paths"].get_object())
      for (const auto [method, was] : operations.get_object()) {
        const auto where = std::string(method) + " " + std::string(path);
        element is;
        if (new_root["paths"][path][method].get(is) != simdjson::SUCCESS)
          breaks(where, "is gone");
        else
          operation(where, was, is);
      }
  }
};

std::set<std::string> compare(std::string_view was, std::string_view is) {
  simdjson::dom::parser old_parser;
  simdjson::dom::parser new_parser;
  comparison c{old_parser.parse(simdjson::padded_string{was}),
               new_parser.parse(simdjson::padded_string{is}),
               {},
               {}};
  c.run();
  return c.broken;
}

std::string read_baseline() {
  return std::string{std::string_view{
    simdjson::padded_string::load(SPOTTER_TEST_FOLDER "/v1_baseline.json").value()}};
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  if (at == text.npos)
    CAF_FAIL("not there: " << std::string(from));
  return text.replace(at, from.size(), to);
}

} // namespace

CAF_TEST(keeps what the first version has promised) {
  const auto* document = find_asset("/v1/openapi.json");
  CAF_REQUIRE(document != nullptr);
  CAF_CHECK_EQUAL(compare(read_baseline(), document->content), std::set<std::string>{});
}

CAF_TEST(would notice a path that is gone and a field and a new demand) {
  const auto was = read_baseline();
  CAF_CHECK(compare(was, was).empty());
  CAF_CHECK(!compare(was, replaced(was, "\"/v1/workouts\"", "\"/v1/sessions\"")).empty());
  CAF_CHECK(!compare(was, replaced(was, "\"next_cursor\": {", "\"next\": {")).empty());
  CAF_CHECK(!compare(was, replaced(was, "\"refresh_token\"\n    ],\n    \"additional",
                                   "\"refresh_token\",\"device\"\n    ],\n    \"additional"))
               .empty());
}
