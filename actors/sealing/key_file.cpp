#include "actors/sealing/key_file.hpp"

#include <sodium.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <stdexcept>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace spotter::actors::sealing {

namespace {

constexpr std::size_t longest_form = 66; // hexadecimal, with a line's end

class file {
public:
  explicit file(int fd) : fd_(fd) {}
  file(const file&) = delete;
  file& operator=(const file&) = delete;
  ~file() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

private:
  int fd_;
};

[[noreturn]] void fail(const std::filesystem::path& path, std::string_view what) {
  const std::string why = std::strerror(errno);
  throw std::runtime_error("The key file " + path.string() + " " + std::string{what} + ": " + why);
}

std::optional<key_bytes> read_key(const std::filesystem::path& path, std::string_view new_one) {
  const file in{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!in) {
    if (errno == ENOENT)
      return std::nullopt;
    fail(path, "could not be opened");
  }
  struct stat about {};
  if (::fstat(in.get(), &about) == 0 && (about.st_mode & (S_IROTH | S_IWOTH)) != 0)
    spdlog::warn("the key file {} can be read by everybody: make it 0600", path.string());
  std::array<char, longest_form + 1> content{};
  std::size_t size = 0;
  while (size < content.size()) {
    const auto n = ::read(in.get(), content.data() + size, content.size() - size);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      fail(path, "could not be read");
    if (n == 0)
      break;
    size += static_cast<std::size_t>(n);
  }
  const auto key = parse_key({content.data(), size});
  sodium_memzero(content.data(), content.size());
  if (!key)
    throw std::runtime_error("The key file " + path.string()
                             + " does not hold exactly 32 bytes. Restore it from a backup, or move "
                               "it away to get a new one, which "
                             + std::string{new_one} + ".");
  return key;
}

// The file appears under its name whole or not at all, and never in place of another.
void write_key(const std::filesystem::path& path, const key_bytes& key) {
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path{"."};
  std::string draft = (folder / ".key.XXXXXX").string();
  const file out{::mkostemp(draft.data(), O_CLOEXEC)}; // mode 0600
  if (!out)
    fail(path, "could not be made");
  const bool written =
    ::write(out.get(), key.data(), key.size()) == static_cast<ssize_t>(key.size())
    && ::fsync(out.get()) == 0;
  const bool placed = written && ::link(draft.c_str(), path.c_str()) == 0;
  const int error = errno;
  ::unlink(draft.c_str());
  errno = error;
  if (!written || (!placed && errno != EEXIST))
    fail(path, "could not be written");
  const file parent{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!parent || ::fsync(parent.get()) != 0)
    fail(path, "could not be made durable");
}

} // namespace

std::optional<key_bytes> parse_key(std::string_view content) {
  key_bytes key{};
  if (content.size() == key.size()) {
    std::memcpy(key.data(), content.data(), key.size());
    return key;
  }
  while (!content.empty() && (content.back() == '\n' || content.back() == '\r'))
    content.remove_suffix(1);
  std::size_t size = 0;
  const char* end = nullptr;
  if (content.size() == 2 * key.size()
      && sodium_hex2bin(key.data(), key.size(), content.data(), content.size(), nullptr, &size,
                        &end)
           == 0
      && size == key.size() && end == content.data() + content.size())
    return key;
  for (const int form : {sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
                         sodium_base64_VARIANT_URLSAFE, sodium_base64_VARIANT_URLSAFE_NO_PADDING})
    if (sodium_base642bin(key.data(), key.size(), content.data(), content.size(), nullptr, &size,
                          &end, form)
          == 0
        && size == key.size() && end == content.data() + content.size())
      return key;
  return std::nullopt;
}

key_bytes read_key_file(const std::filesystem::path& path) {
  if (const auto key = read_key(path, "is not the one that is missed"))
    return *key;
  throw std::runtime_error("The key file " + path.string() + " is not there.");
}

key_bytes read_or_create_key_file(const std::filesystem::path& path, std::string_view new_one) {
  if (const auto key = read_key(path, new_one))
    return *key;
  if (sodium_init() < 0)
    throw std::runtime_error("libsodium could not be initialised");
  key_bytes fresh{};
  randombytes_buf(fresh.data(), fresh.size());
  write_key(path, fresh);
  sodium_memzero(fresh.data(), fresh.size());
  const auto key = read_key(path, new_one);
  if (!key)
    throw std::runtime_error("The key file " + path.string() + " vanished while it was made.");
  return *key;
}

} // namespace spotter::actors::sealing
