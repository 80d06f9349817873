#include "domain/taxonomy.hpp"

#include "domain/named_uuid.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <unordered_map>
#include <unordered_set>

namespace spotter::domain {

namespace {

constexpr std::string_view muscles_header = "slug\tname\tkind\tparents";
constexpr std::string_view exercises_header =
  "slug\tname\tequipment\tmechanic\tforce\tcategory\tprimary\tsecondary\taliases";

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t start = 0;;) {
    const auto end = text.find(separator, start);
    parts.push_back(text.substr(start, end == text.npos ? text.npos : end - start));
    if (end == text.npos)
      return parts;
    start = end + 1;
  }
}

/// A field that lists values; an empty field is an empty list.
std::vector<std::string> list_of(std::string_view field) {
  std::vector<std::string> values;
  if (!field.empty())
    for (auto part : split(field, '|'))
      values.emplace_back(part);
  return values;
}

/// Walks over the lines of a file, one at a time, without their line ends.
class line_walker {
public:
  explicit line_walker(std::string_view text) : rest_(text) {}

  bool next(std::string_view& line) {
    if (rest_.empty())
      return false;
    const auto end = rest_.find('\n');
    line = rest_.substr(0, end);
    rest_ = end == rest_.npos ? std::string_view{} : rest_.substr(end + 1);
    if (!line.empty() && line.back() == '\r')
      line.remove_suffix(1);
    ++number_;
    return true;
  }

  [[nodiscard]] std::size_t number() const noexcept { return number_; }

private:
  std::string_view rest_;
  std::size_t number_ = 0;
};

bool is_slug(std::string_view text, char joint) {
  if (text.empty() || text.front() == joint || text.back() == joint)
    return false;
  char before = '\0';
  for (char c : text) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!word && (c != joint || before == joint))
      return false;
    before = c;
  }
  return true;
}

std::string lower(std::string_view text) {
  std::string out{text};
  for (char& c : out)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string quoted(std::string_view text) {
  return "'" + std::string{text} + "'";
}

bool holds(const std::vector<std::string_view>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// The first value that stands twice in `values`, or nullptr.
const std::string* repeated(const std::vector<std::string>& values) {
  for (auto i = values.begin(); i != values.end(); ++i)
    if (std::find(values.begin(), i, *i) != i)
      return &*i;
  return nullptr;
}

/// Puts parents before children and keeps the order of the lines otherwise (Kahn's algorithm, in
/// rounds). What is left over when a round places nothing is in a cycle or below one.
std::optional<catalogue_error> order_by_parents(std::vector<muscle>& muscles,
                                                const std::vector<std::size_t>& lines) {
  std::vector<muscle> ordered;
  std::unordered_set<std::string> placed;
  std::vector<bool> done(muscles.size(), false);
  while (ordered.size() < muscles.size()) {
    const auto before = ordered.size();
    for (std::size_t i = 0; i < muscles.size(); ++i) {
      const auto& parents = muscles[i].parents;
      if (done[i] || !std::all_of(parents.begin(), parents.end(), [&placed](const auto& parent) {
            return placed.contains(parent);
          }))
        continue;
      done[i] = true;
      placed.insert(muscles[i].slug);
      ordered.push_back(muscles[i]);
    }
    if (ordered.size() == before) {
      const auto at =
        static_cast<std::size_t>(std::find(done.begin(), done.end(), false) - done.begin());
      return catalogue_error{catalogue_fault::cycle, lines[at],
                             quoted(muscles[at].slug)
                               + " is its own ancestor, or below one that is"};
    }
  }
  muscles = std::move(ordered);
  return std::nullopt;
}

/// Reads the lines of `exercises.tsv` below the header.
class exercise_reader {
public:
  explicit exercise_reader(const taxonomy& muscles) : muscles_(muscles) {}

  std::optional<catalogue_error> read(std::string_view line, std::size_t number) {
    line_ = number;
    const auto fields = split(line, '\t');
    if (fields.size() != 9)
      return error(catalogue_fault::bad_fields,
                   "9 fields are needed, not " + std::to_string(fields.size()));
    catalogue_exercise e;
    e.slug = fields[0];
    e.name = fields[1];
    e.equipment = fields[2];
    e.mechanic = fields[3];
    e.force = fields[4];
    e.category = fields[5];
    e.primary = list_of(fields[6]);
    e.secondary = list_of(fields[7]);
    e.aliases = list_of(fields[8]);
    for (auto check : {&exercise_reader::check_values, &exercise_reader::check_muscles,
                       &exercise_reader::check_names})
      if (auto problem = (this->*check)(e))
        return problem;
    e.id = exercise_id(e.slug);
    exercises_.push_back(std::move(e));
    return std::nullopt;
  }

  std::vector<catalogue_exercise> take() && { return std::move(exercises_); }

private:
  [[nodiscard]] catalogue_error error(catalogue_fault fault, std::string message) const {
    return {fault, line_, std::move(message)};
  }

  std::optional<catalogue_error> check_values(const catalogue_exercise& e) {
    if (!is_slug(e.slug, '-'))
      return error(catalogue_fault::bad_slug, quoted(e.slug) + " is not a slug");
    if (!slugs_.insert(e.slug).second)
      return error(catalogue_fault::duplicate, "the slug " + quoted(e.slug) + " is taken");
    if (e.name.empty() || e.primary.empty())
      return error(catalogue_fault::bad_fields, "name and primary muscles must not be empty");
    if (!holds(equipment_slugs(), e.equipment))
      return error(catalogue_fault::unknown_value, "no such equipment: " + quoted(e.equipment));
    if (!holds({"", "compound", "isolation"}, e.mechanic))
      return error(catalogue_fault::unknown_value, "no such mechanic: " + quoted(e.mechanic));
    if (!holds({"", "push", "pull", "static"}, e.force))
      return error(catalogue_fault::unknown_value, "no such force: " + quoted(e.force));
    if (!holds(category_slugs(), e.category))
      return error(catalogue_fault::unknown_value, "no such category: " + quoted(e.category));
    return std::nullopt;
  }

  std::optional<catalogue_error> check_muscles(const catalogue_exercise& e) {
    auto all = e.primary;
    all.insert(all.end(), e.secondary.begin(), e.secondary.end());
    for (const auto& slug : all)
      if (muscles_.find(slug) == nullptr)
        return error(catalogue_fault::unknown_muscle, "no such muscle: " + quoted(slug));
    if (const auto* twice = repeated(all))
      return error(catalogue_fault::duplicate, "the muscle " + quoted(*twice) + " is listed twice");
    return std::nullopt;
  }

  std::optional<catalogue_error> check_names(const catalogue_exercise& e) {
    auto all = e.aliases;
    all.insert(all.begin(), e.name);
    for (const auto& name : all) {
      if (name.empty())
        return error(catalogue_fault::bad_fields, "an alias is empty");
      const auto [taken, fresh] = names_.emplace(lower(name), line_);
      if (!fresh)
        return error(catalogue_fault::duplicate, "the name " + quoted(name) + " stands on line "
                                                   + std::to_string(taken->second) + " too");
    }
    return std::nullopt;
  }

  const taxonomy& muscles_;
  std::size_t line_ = 0;
  std::vector<catalogue_exercise> exercises_;
  std::unordered_set<std::string> slugs_;
  std::unordered_map<std::string, std::size_t> names_;
};

} // namespace

const muscle* taxonomy::find(std::string_view slug) const noexcept {
  for (const auto& m : muscles)
    if (m.slug == slug)
      return &m;
  return nullptr;
}

uuid exercise_id(std::string_view slug) noexcept {
  constexpr uuid space{{0x5f, 0x0b, 0xe1, 0xd4, 0x8c, 0x1a, 0x8e, 0x70, 0x9a, 0x35, 0x0c, 0x6f,
                        0x4d, 0x1e, 0x2b, 0x97}};
  return named_uuid(space, slug);
}

const std::vector<std::string_view>& equipment_slugs() {
  static const std::vector<std::string_view> slugs{
    "barbell", "body_weight", "band",          "cable",     "dumbbell",      "exercise_ball",
    "ez_bar",  "foam_roller", "kettlebell",    "machine",   "medicine_ball", "other",
    "plate",   "sled",        "smith_machine", "strongman", "suspension",    "trap_bar"};
  return slugs;
}

const std::vector<std::string_view>& category_slugs() {
  static const std::vector<std::string_view> slugs{
    "strength", "powerlifting", "olympic_weightlifting", "strongman", "plyometrics",
    "cardio",   "stretching"};
  return slugs;
}

expected<taxonomy, catalogue_error> parse_muscles(std::string_view text) {
  using enum catalogue_fault;
  line_walker lines{text};
  std::string_view line;
  taxonomy result;
  constexpr std::string_view version_mark = "taxonomy\t";
  if (!lines.next(line) || !line.starts_with(version_mark))
    return catalogue_error{bad_header, 1, "the first line must be: taxonomy, tab, version"};
  line.remove_prefix(version_mark.size());
  const auto* end = line.data() + line.size();
  const auto [stop, problem] = std::from_chars(line.data(), end, result.version);
  if (problem != std::errc{} || stop != end || result.version < 1)
    return catalogue_error{bad_header, 1, quoted(line) + " is not a version"};
  if (!lines.next(line) || line != muscles_header)
    return catalogue_error{bad_header, 2, "the second line must name the columns"};
  std::unordered_set<std::string> slugs;
  std::vector<std::size_t> numbers;
  while (lines.next(line)) {
    const auto at = lines.number();
    const auto fields = split(line, '\t');
    if (fields.size() != 4 || fields[1].empty())
      return catalogue_error{bad_fields, at, "4 fields are needed, and a name"};
    muscle m{std::string{fields[0]}, std::string{fields[1]}, fields[2] == "region",
             list_of(fields[3])};
    if (!is_slug(m.slug, '_'))
      return catalogue_error{bad_slug, at, quoted(m.slug) + " is not a slug"};
    if (!m.region && fields[2] != "muscle")
      return catalogue_error{unknown_value, at, quoted(fields[2]) + " is not region or muscle"};
    if (!slugs.insert(m.slug).second)
      return catalogue_error{duplicate, at, "the slug " + quoted(m.slug) + " is taken"};
    if (const auto* twice = repeated(m.parents))
      return catalogue_error{duplicate, at, "the parent " + quoted(*twice) + " is listed twice"};
    result.muscles.push_back(std::move(m));
    numbers.push_back(at);
  }
  for (std::size_t i = 0; i < result.muscles.size(); ++i)
    for (const auto& parent : result.muscles[i].parents)
      if (!slugs.contains(parent))
        return catalogue_error{unknown_muscle, numbers[i], "no such parent: " + quoted(parent)};
  if (auto cycle_found = order_by_parents(result.muscles, numbers))
    return *cycle_found;
  return result;
}

expected<std::vector<catalogue_exercise>, catalogue_error> parse_catalogue(
  std::string_view text, const taxonomy& muscles) {
  line_walker lines{text};
  std::string_view line;
  if (!lines.next(line) || line != exercises_header)
    return catalogue_error{catalogue_fault::bad_header, 1,
                           "the first line must name the columns of the format"};
  exercise_reader reader{muscles};
  while (lines.next(line))
    if (auto problem = reader.read(line, lines.number()))
      return *problem;
  return std::move(reader).take();
}

} // namespace spotter::domain
