#include "persistence/redis/redis_link.hpp"

#include <hiredis/hiredis.h>

#include <cstdlib>

namespace spotter::persistence {

namespace {

constexpr std::size_t greeting_bytes = 64 * 1024;
constexpr int deepest = 4; // our scripts answer with flat lists

struct free_reply {
  void operator()(redisReply* p) const noexcept { freeReplyObject(p); }
};

void append(std::string& out, const redis_command& command) {
  std::vector<const char*> words;
  std::vector<std::size_t> sizes;
  words.reserve(command.size());
  sizes.reserve(command.size());
  for (const auto& word : command) {
    words.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* text = nullptr;
  const int size =
    redisFormatCommandArgv(&text, static_cast<int>(words.size()), words.data(), sizes.data());
  if (size < 0)
    throw redis_failure{"a command could not be made"};
  out.append(text, static_cast<std::size_t>(size));
  redisFreeCommand(text);
}

redis_reply convert(const redisReply& from, int depth) {
  redis_reply out;
  switch (from.type) {
    case REDIS_REPLY_INTEGER:
      out.is = redis_reply::kind::integer;
      out.integer = from.integer;
      break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      out.is = redis_reply::kind::text;
      out.text.assign(from.str, from.len);
      break;
    case REDIS_REPLY_ERROR:
      out.is = redis_reply::kind::error;
      out.text.assign(from.str, from.len);
      break;
    case REDIS_REPLY_ARRAY:
      if (depth == 0)
        throw redis_failure{"an answer is nested too deeply"};
      out.is = redis_reply::kind::list;
      out.items.reserve(from.elements);
      for (std::size_t i = 0; i < from.elements; ++i)
        out.items.push_back(convert(*from.element[i], depth - 1));
      break;
    default:
      break;
  }
  return out;
}

} // namespace

void redis_link::free_reader::operator()(redisReader* p) const noexcept {
  redisReaderFree(p);
}

redis_link::redis_link(const redis_address& where, const std::string& ca,
                       std::chrono::milliseconds time_out)
  : time_out_(time_out), socket_(where, ca, redis_socket::clock::now() + time_out),
    reader_(redisReaderCreate()) {
  if (!reader_)
    throw redis_failure{"no memory for a connection"};
  std::vector<redis_command> greeting;
  if (!where.password.empty()) {
    if (where.user.empty())
      greeting.push_back({"AUTH", where.password});
    else
      greeting.push_back({"AUTH", where.user, where.password});
  }
  if (where.database != 0)
    greeting.push_back({"SELECT", std::to_string(where.database)});
  greeting.push_back({"PING"});
  for (const auto& reply : round_trip(greeting, greeting_bytes))
    if (reply.is == redis_reply::kind::error)
      throw redis_failure{"refused: " + reply.text};
}

redis_link::~redis_link() = default;

std::vector<redis_reply> redis_link::round_trip(const std::vector<redis_command>& commands,
                                                std::size_t most_bytes) {
  return exchange(commands, most_bytes, redis_socket::clock::now() + time_out_);
}

std::vector<redis_reply> redis_link::exchange(const std::vector<redis_command>& commands,
                                              std::size_t most_bytes,
                                              redis_socket::clock::time_point deadline) {
  out_.clear();
  for (const auto& command : commands)
    append(out_, command);
  socket_.write(out_, deadline);
  std::vector<redis_reply> replies;
  replies.reserve(commands.size());
  std::size_t received = 0;
  char buffer[16 * 1024];
  while (true) {
    void* made = nullptr;
    if (redisReaderGetReply(reader_.get(), &made) != REDIS_OK)
      throw redis_failure{"not Redis' protocol: " + std::string{reader_->errstr}};
    if (made) {
      const std::unique_ptr<redisReply, free_reply> reply{static_cast<redisReply*>(made)};
      replies.push_back(convert(*reply, deepest));
      if (replies.size() == commands.size())
        return replies;
      continue;
    }
    const auto n = socket_.read(buffer, sizeof buffer, deadline);
    received += n;
    if (received > most_bytes)
      throw redis_failure{"the answers are too large"};
    if (redisReaderFeed(reader_.get(), buffer, n) != REDIS_OK)
      throw redis_failure{"not Redis' protocol: " + std::string{reader_->errstr}};
  }
}

} // namespace spotter::persistence
