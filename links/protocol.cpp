#include "links/protocol.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace spotter::links {

namespace {

// Begins each hello and answer.
constexpr std::string_view magic = "SPOTTER\x01";

class writer {
public:
  writer() { append(magic); }

  void number(std::uint64_t value, int size) {
    while (size-- > 0)
      out_.push_back(static_cast<std::byte>(value >> (8 * size)));
  }
  void text(std::string_view value, std::size_t most) {
    value = value.substr(0, most);
    number(value.size(), 1);
    append(value);
  }
  void id(const domain::uuid& value) {
    for (const auto b : value.bytes)
      out_.push_back(static_cast<std::byte>(b));
  }
  [[nodiscard]] bytes take() { return std::move(out_); }

private:
  void append(std::string_view value) {
    for (const char c : value)
      out_.push_back(static_cast<std::byte>(c));
  }

  bytes out_;
};

class reader {
public:
  explicit reader(std::span<const std::byte> in) : in_(in) {
    const auto head = take(magic.size());
    ok_ = ok_ && std::memcmp(head.data(), magic.data(), magic.size()) == 0;
  }

  template <class T>
  void number(T& value) {
    std::uint64_t sum = 0;
    for (const auto b : take(sizeof(T)))
      sum = sum << 8 | std::to_integer<std::uint64_t>(b);
    value = static_cast<T>(sum);
  }
  void text(std::string& value) {
    std::uint8_t size = 0;
    number(size);
    const auto part = take(size);
    value.assign(reinterpret_cast<const char*>(part.data()), part.size());
  }
  void id(domain::uuid& value) {
    const auto part = take(value.bytes.size());
    if (ok_)
      std::memcpy(value.bytes.data(), part.data(), part.size());
  }
  [[nodiscard]] bool ok() const noexcept { return ok_; }

private:
  std::span<const std::byte> take(std::size_t size) {
    if (!ok_ || in_.size() < size) {
      ok_ = false;
      return {};
    }
    const auto part = in_.first(size);
    in_ = in_.subspan(size);
    return part;
  }

  std::span<const std::byte> in_;
  bool ok_ = true;
};

// 2 × 253 + 128 and the fixed parts stay below max_hello.
constexpr std::size_t max_name = 253;
constexpr std::size_t max_release = 128;

} // namespace

std::optional<std::uint16_t> choose_protocol(protocol_range ours, protocol_range theirs) noexcept {
  const auto newest = std::min(ours.max, theirs.max);
  if (newest < std::max(ours.min, theirs.min))
    return std::nullopt;
  return newest;
}

std::string_view to_string(refusal why) noexcept {
  constexpr std::array<std::string_view, refusal_count> names{
    "none",      "protocol", "cluster", "name",        "incarnation",
    "malformed", "self",     "crowded", "certificate", "slow"};
  const auto index = static_cast<std::size_t>(why);
  return index < names.size() ? names[index] : "unknown";
}

bytes encode(const hello& what) {
  writer out;
  out.number(what.protocol.min, 2);
  out.number(what.protocol.max, 2);
  out.id(what.incarnation);
  out.id(what.meant);
  out.text(what.cluster_id, max_name);
  out.text(what.node_id, max_name);
  out.text(what.release, max_release);
  return out.take();
}

std::optional<hello> decode_hello(std::span<const std::byte> payload) {
  hello out;
  reader in{payload};
  in.number(out.protocol.min);
  in.number(out.protocol.max);
  in.id(out.incarnation);
  in.id(out.meant);
  in.text(out.cluster_id);
  in.text(out.node_id);
  in.text(out.release);
  if (!in.ok() || out.protocol.min > out.protocol.max || out.incarnation.is_nil()
      || !is_node_id(out.node_id))
    return std::nullopt;
  return out;
}

bytes encode(const answer& what) {
  writer out;
  out.number(static_cast<std::uint8_t>(what.why), 1);
  out.number(what.chosen, 2);
  out.number(what.protocol.min, 2);
  out.number(what.protocol.max, 2);
  out.id(what.incarnation);
  out.number(what.window, 8);
  out.text(what.node_id, max_name);
  out.text(what.release, max_release);
  out.text(what.words, max_name);
  return out.take();
}

std::optional<answer> decode_answer(std::span<const std::byte> payload) {
  answer out;
  reader in{payload};
  std::uint8_t why = 0;
  in.number(why);
  in.number(out.chosen);
  in.number(out.protocol.min);
  in.number(out.protocol.max);
  in.id(out.incarnation);
  in.number(out.window);
  in.text(out.node_id);
  in.text(out.release);
  in.text(out.words);
  if (!in.ok())
    return std::nullopt;
  // A later release may have reasons that this one does not know; its words say which.
  out.why = static_cast<refusal>(why);
  return out;
}

bool is_node_id(std::string_view text) noexcept {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !text.empty() && text.size() <= max_name && letter(text[0])
         && std::all_of(text.begin(), text.end(),
                        [&](char c) { return letter(c) || c == '-' || c == '_' || c == '.'; });
}

} // namespace spotter::links
