#include "gateway/websocket/frame.hpp"

#include "gateway/json/padded_text.hpp"

#include <algorithm>
#include <cstring>

namespace spotter::gateway::websocket {

namespace {

constexpr std::size_t most_control = 125;

struct header {
  bool final = false;
  opcode kind = opcode::text;
  std::size_t size = 0; // of the header
  std::uint64_t payload = 0;
  char mask[4] = {};
};

enum class header_state : std::uint8_t { complete, incomplete, invalid };

header_state read_header(const char* data, std::size_t size, header& out) noexcept {
  if (size < 2)
    return header_state::incomplete;
  const auto byte = [data](std::size_t i) { return static_cast<std::uint8_t>(data[i]); };
  if ((byte(0) & 0x70) != 0 || (byte(1) & 0x80) == 0)
    return header_state::invalid; // reserved bits without an extension, or not masked
  out.final = (byte(0) & 0x80) != 0;
  const auto code = byte(0) & 0x0f;
  if ((code > 2 && code < 8) || code > 10)
    return header_state::invalid;
  out.kind = static_cast<opcode>(code);
  const auto length = byte(1) & 0x7fu;
  std::size_t at = 2;
  if (length == 126) {
    if (size < 4)
      return header_state::incomplete;
    out.payload = (std::uint64_t{byte(2)} << 8) | byte(3);
    if (out.payload < 126)
      return header_state::invalid; // not the shortest form
    at = 4;
  } else if (length == 127) {
    if (size < 10)
      return header_state::incomplete;
    out.payload = 0;
    for (std::size_t i = 2; i < 10; ++i)
      out.payload = (out.payload << 8) | byte(i);
    if (out.payload < 65'536 || (out.payload >> 63) != 0)
      return header_state::invalid;
    at = 10;
  } else {
    out.payload = length;
  }
  if (code >= 8 && (!out.final || out.payload > most_control))
    return header_state::invalid; // control frames are short and whole
  if (size < at + 4)
    return header_state::incomplete;
  std::memcpy(out.mask, data + at, 4);
  out.size = at + 4;
  return header_state::complete;
}

void unmask(char* data, std::size_t size, const char (&mask)[4]) noexcept {
  std::uint64_t wide = 0;
  std::memcpy(&wide, mask, 4);
  std::memcpy(reinterpret_cast<char*>(&wide) + 4, mask, 4);
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    std::uint64_t block = 0;
    std::memcpy(&block, data + i, 8);
    block ^= wide;
    std::memcpy(data + i, &block, 8);
  }
  for (; i < size; ++i)
    data[i] = static_cast<char>(data[i] ^ mask[i % 4]);
}

} // namespace

void append_frame(std::string& out, opcode kind, std::string_view payload) {
  out += static_cast<char>(0x80 | static_cast<unsigned>(kind));
  const auto size = payload.size();
  if (size < 126) {
    out += static_cast<char>(size);
  } else if (size < 65'536) {
    out += static_cast<char>(126);
    out += static_cast<char>(size >> 8);
    out += static_cast<char>(size & 0xff);
  } else {
    out += static_cast<char>(127);
    for (int shift = 56; shift >= 0; shift -= 8)
      out += static_cast<char>((std::uint64_t{size} >> shift) & 0xff);
  }
  out += payload;
}

void append_close(std::string& out, close_code code) {
  const auto number = static_cast<unsigned>(code);
  std::string payload;
  payload += static_cast<char>(number >> 8);
  payload += static_cast<char>(number & 0xff);
  payload += reason_of(code);
  append_frame(out, opcode::close, payload);
}

std::size_t frame_size(std::string_view frames, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(frames[at + i]); };
  const std::size_t length = byte(1) & 0x7fu;
  if (length < 126)
    return 2 + length;
  if (length == 126)
    return 4 + ((std::size_t{byte(2)} << 8) | byte(3));
  std::size_t wide = 0;
  for (std::size_t i = 2; i < 10; ++i)
    wide = (wide << 8) | byte(i);
  return 10 + wide;
}

close_request parse_close(std::string_view payload) noexcept {
  if (payload.empty())
    return {};
  if (payload.size() < 2)
    return {1002, false};
  const auto code = static_cast<std::uint16_t>((static_cast<std::uint8_t>(payload[0]) << 8)
                                               | static_cast<std::uint8_t>(payload[1]));
  const bool allowed = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014)
                       || (code >= 3000 && code <= 4999);
  utf8_checker text;
  if (!allowed || !text.feed(payload.substr(2)) || !text.complete())
    return {1002, false};
  return {code, true};
}

close_code frame_parser::feed(char* data, std::size_t size, std::size_t most,
                              frame_handler& handler) {
  std::size_t used = 0;
  bool stopped = false;
  if (!partial_ || partial_->bytes.empty()) {
    const auto code = take_frames(data, size, most, handler, used, stopped);
    if (code != close_code::normal || stopped || used == size)
      return code;
    if (!partial_)
      partial_ = std::make_unique<partial>();
    partial_->bytes.assign(data + used, size - used);
    return close_code::normal;
  }
  // Something was left over: go on with both together.
  auto bytes = std::move(partial_->bytes);
  partial_->bytes.clear();
  bytes.append(data, size);
  const auto code = take_frames(bytes.data(), bytes.size(), most, handler, used, stopped);
  if (code != close_code::normal || stopped)
    return code;
  if (used < bytes.size()) {
    if (!partial_)
      partial_ = std::make_unique<partial>();
    bytes.erase(0, used);
    partial_->bytes = std::move(bytes);
  } else if (partial_ && !partial_->in_message) {
    partial_.reset();
  }
  return close_code::normal;
}

close_code frame_parser::take_frames(char* data, std::size_t size, std::size_t most,
                                     frame_handler& handler, std::size_t& used, bool& stopped) {
  while (used < size) {
    header h;
    const auto state = read_header(data + used, size - used, h);
    if (state == header_state::invalid)
      return close_code::protocol_error;
    if (state == header_state::incomplete)
      return close_code::normal;
    const bool control = static_cast<std::uint8_t>(h.kind) >= 8;
    const auto before = !control && partial_ ? partial_->message.size() : 0;
    // Refused on the announcement: nothing of it is stored.
    if (h.payload > most || before + h.payload > most)
      return close_code::message_too_big;
    if (size - used < h.size + h.payload)
      return close_code::normal;
    auto* payload = data + used + h.size;
    const auto length = static_cast<std::size_t>(h.payload);
    unmask(payload, length, h.mask);
    used += h.size + length;
    const std::string_view view{payload, length};
    if (control) {
      if (!handler.on_control(h.kind, view)) {
        stopped = true;
        return close_code::normal;
      }
      continue;
    }
    if (h.kind == opcode::binary)
      return close_code::unsupported_data;
    const bool in_message = partial_ && partial_->in_message;
    if ((h.kind == opcode::continuation) != in_message)
      return close_code::protocol_error;
    if (h.final && !in_message) {
      utf8_checker check;
      if (!check.feed(view) || !check.complete())
        return close_code::invalid_text;
      std::string text;
      text.reserve(length + json_slack);
      text.assign(view);
      if (!handler.on_text(text)) {
        stopped = true;
        return close_code::normal;
      }
      continue;
    }
    if (!partial_)
      partial_ = std::make_unique<partial>();
    partial_->in_message = true;
    if (!partial_->text.feed(view))
      return close_code::invalid_text;
    partial_->message += view;
    if (!h.final)
      continue;
    if (!partial_->text.complete())
      return close_code::invalid_text;
    auto text = std::move(partial_->message);
    partial_.reset();
    text.reserve(text.size() + json_slack);
    if (!handler.on_text(text)) {
      stopped = true;
      return close_code::normal;
    }
  }
  return close_code::normal;
}

} // namespace spotter::gateway::websocket
