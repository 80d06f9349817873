#include "server/log.hpp"

#include "domain/json.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace spotter::server {

namespace {

/// `%J`: the message as the inside of a JSON string.
class escaped_message final : public spdlog::custom_flag_formatter {
public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    std::string text;
    domain::append_escaped(text, {message.payload.data(), message.payload.size()});
    out.append(text.data(), text.data() + text.size());
  }

  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return spdlog::details::make_unique<escaped_message>();
  }
};

} // namespace

void start_log(const std::string& level, const std::string& node) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  std::string quoted;
  domain::append_escaped(quoted, node);
  std::string literal; // a percent sign is the pattern's own
  for (const char c : quoted)
    literal += c == '%' ? std::string{"%%"} : std::string{c};
  formatter->add_flag<escaped_message>('J').set_pattern(
    R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","node":")" + literal
    + R"(","thread":%t,"message":"%J"})");
  auto logger = spdlog::stderr_logger_mt("spotter");
  logger->set_formatter(std::move(formatter));
  logger->set_level(spdlog::level::from_str(level == "warn" ? "warning" : level));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

} // namespace spotter::server
