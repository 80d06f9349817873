#include "domain/matching.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace spotter::domain {

namespace {

constexpr std::size_t longest_name = 200;

using word_list = std::vector<std::string>;

/// Words that apps write in one or in two, or shorten; all are brought to the form on the right.
const std::unordered_map<std::string_view, word_list>& spellings() {
  static const std::unordered_map<std::string_view, word_list> table{
    {"pushup", {"push", "up"}},
    {"pullup", {"pull", "up"}},
    {"chinup", {"chin", "up"}},
    {"situp", {"sit", "up"}},
    {"stepup", {"step", "up"}},
    {"getup", {"get", "up"}},
    {"pulldown", {"pull", "down"}},
    {"pushdown", {"push", "down"}},
    {"pressdown", {"press", "down"}},
    {"pullover", {"pull", "over"}},
    {"pullapart", {"pull", "apart"}},
    {"crossover", {"cross", "over"}},
    {"rollout", {"roll", "out"}},
    {"kickback", {"kick", "back"}},
    {"deadlift", {"dead", "lift"}},
    {"skullcrusher", {"skull", "crusher"}},
    {"bodyweight", {"body", "weight"}},
    {"flye", {"fly"}},
    {"calves", {"calf"}},
    {"single", {"one"}},
    {"1", {"one"}},
    {"legged", {"leg"}},
    {"armed", {"arm"}},
    {"stiffleg", {"stiff", "leg"}},
    {"rdl", {"romanian", "dead", "lift"}},
    {"ohp", {"overhead", "press"}},
    {"db", {"dumbbell"}},
    {"dumbell", {"dumbbell"}},
    {"bb", {"barbell"}},
    {"kb", {"kettlebell"}},
    {"the", {}},
    {"a", {}},
    {"an", {}},
    {"and", {}},
    {"with", {}},
  };
  return table;
}

struct equipment_phrase {
  word_list words;
  std::string_view slug;
};

/// Longer phrases first, so that "smith machine" is not read as a machine.
const std::vector<equipment_phrase>& equipment_phrases() {
  static const std::vector<equipment_phrase> phrases{
    {{"ez", "curl", "bar"}, "ez_bar"},
    {{"smith", "machine"}, "smith_machine"},
    {{"ez", "bar"}, "ez_bar"},
    {{"trap", "bar"}, "trap_bar"},
    {{"hex", "bar"}, "trap_bar"},
    {{"medicine", "ball"}, "medicine_ball"},
    {{"exercise", "ball"}, "exercise_ball"},
    {{"stability", "ball"}, "exercise_ball"},
    {{"swiss", "ball"}, "exercise_ball"},
    {{"resistance", "band"}, "band"},
    {{"foam", "roller"}, "foam_roller"},
    {{"body", "weight"}, "body_weight"},
    {{"smith"}, "smith_machine"},
    {{"barbell"}, "barbell"},
    {{"dumbbell"}, "dumbbell"},
    {{"kettlebell"}, "kettlebell"},
    {{"cable"}, "cable"},
    {{"machine"}, "machine"},
    {{"band"}, "band"},
    {{"plate"}, "plate"},
    {{"suspension"}, "suspension"},
    {{"trx"}, "suspension"},
  };
  return phrases;
}

bool ends_with_any(std::string_view word, std::initializer_list<std::string_view> ends) {
  return std::any_of(ends.begin(), ends.end(),
                     [word](std::string_view end) { return word.ends_with(end); });
}

std::string singular(std::string word) {
  if (word.size() > 4 && ends_with_any(word, {"sses", "shes", "ches", "xes"}))
    word.resize(word.size() - 2);
  else if (word.size() > 4 && word.ends_with("ies"))
    word.replace(word.size() - 3, 3, "y");
  else if (word.size() > 2 && word.ends_with('s') && !ends_with_any(word, {"ss", "us"}))
    word.pop_back();
  return word;
}

void append_word(word_list& out, std::string word) {
  if (word.empty())
    return;
  if (const auto it = spellings().find(word); it != spellings().end()) {
    out.insert(out.end(), it->second.begin(), it->second.end());
    return;
  }
  word = singular(std::move(word));
  if (const auto it = spellings().find(word); it != spellings().end())
    out.insert(out.end(), it->second.begin(), it->second.end());
  else
    out.push_back(std::move(word));
}

/// Lower-case words; an apostrophe belongs to its word, other ASCII punctuation parts words, and
/// letters outside ASCII stay as they are.
word_list words_of(std::string_view name) {
  word_list words;
  std::string word;
  for (char c : name) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (upper)
      word.push_back(static_cast<char>(c - 'A' + 'a'));
    else if (letter || static_cast<unsigned char>(c) >= 0x80)
      word.push_back(c);
    else if (c != '\'')
      append_word(words, std::exchange(word, {}));
  }
  append_word(words, std::move(word));
  // "E-Z bar" falls apart at the hyphen.
  const std::array<std::string, 2> apart{"e", "z"};
  const auto it = std::search(words.begin(), words.end(), apart.begin(), apart.end());
  if (it != words.end()) {
    *it = "ez";
    words.erase(it + 1);
  }
  return words;
}

/// Takes the phrases that name equipment out of `words`.
std::vector<std::string_view> take_equipment(word_list& words) {
  std::vector<std::string_view> found;
  for (const auto& phrase : equipment_phrases()) {
    const auto it =
      std::search(words.begin(), words.end(), phrase.words.begin(), phrase.words.end());
    if (it == words.end())
      continue;
    words.erase(it, it + static_cast<std::ptrdiff_t>(phrase.words.size()));
    found.push_back(phrase.slug);
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

struct normal_name {
  std::string words;
  std::string equipment; // slugs joined by +
};

normal_name normalise(std::string_view name) {
  normal_name result;
  if (name.size() > longest_name)
    return result;
  auto words = words_of(name);
  for (auto slug : take_equipment(words)) {
    if (!result.equipment.empty())
      result.equipment += '+';
    result.equipment += slug;
  }
  std::sort(words.begin(), words.end());
  for (const auto& word : words) {
    if (!result.words.empty())
      result.words += ' ';
    result.words += word;
  }
  return result;
}

std::string exact_key(std::string_view name) {
  return "=" + std::string{name};
}

std::string normal_key(std::string_view words, std::string_view equipment) {
  std::string key{words};
  key += '@';
  key += equipment;
  return key;
}

/// How a key of the index came about, best first; the rank is twice this, plus one for entries of
/// the catalogue.
enum class origin : std::uint8_t { name, alias, name_and_equipment, alias_and_equipment };

std::uint8_t rank_of(origin from, bool own) {
  return static_cast<std::uint8_t>(2 * static_cast<int>(from) + (own ? 0 : 1));
}

} // namespace

exercise_index::exercise_index(const std::vector<match_entry>& entries) {
  const auto add = [this](const match_entry& entry, std::string_view name, bool alias) {
    const auto rank = rank_of(alias ? origin::alias : origin::name, entry.own);
    insert(exact_key(name), entry.id, rank);
    const auto normal = normalise(name);
    if (normal.words.empty())
      return;
    insert(normal_key(normal.words, normal.equipment), entry.id, rank);
    if (normal.equipment.empty() && !entry.equipment.empty())
      insert(normal_key(normal.words, entry.equipment), entry.id,
             rank_of(alias ? origin::alias_and_equipment : origin::name_and_equipment, entry.own));
  };
  for (const auto& entry : entries) {
    add(entry, entry.name, false);
    for (const auto& alias : entry.aliases)
      add(entry, alias, true);
  }
}

void exercise_index::insert(std::string key, const uuid& id, std::uint8_t rank) {
  const auto [it, fresh] = slots_.try_emplace(std::move(key), slot{id, rank, false});
  if (fresh)
    return;
  auto& held = it->second;
  if (rank < held.rank)
    held = slot{id, rank, false};
  else if (rank == held.rank && id != held.id)
    held.ambiguous = true;
}

const exercise_index::slot* exercise_index::look_up(const std::string& key) const {
  const auto it = slots_.find(key);
  return it == slots_.end() ? nullptr : &it->second;
}

std::optional<uuid> exercise_index::find(std::string_view name) const {
  const auto* held = look_up(exact_key(name));
  if (held == nullptr || held->ambiguous)
    held = look_up(exercise_normal_form(name));
  if (held == nullptr || held->ambiguous)
    return std::nullopt;
  return held->id;
}

std::string exercise_normal_form(std::string_view name) {
  const auto normal = normalise(name);
  return normal.words.empty() ? std::string{} : normal_key(normal.words, normal.equipment);
}

} // namespace spotter::domain
