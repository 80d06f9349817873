#include "actors/identity/signing_key.hpp"

#include <sodium.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <stdexcept>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace spotter::actors::identity {

namespace {

// The subkey's place in crypto_kdf; stored tokens depend on both.
constexpr std::uint64_t mac_subkey = 1;
constexpr const char* mac_context = "refresh_";

const unsigned char* bytes_of(std::string_view text) noexcept {
  return reinterpret_cast<const unsigned char*>(text.data());
}

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

std::optional<signing_key::seed_bytes> read_seed(const std::filesystem::path& path) {
  const file in{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!in) {
    if (errno == ENOENT)
      return std::nullopt;
    fail(path, "could not be opened");
  }
  struct stat about {};
  if (::fstat(in.get(), &about) == 0 && (about.st_mode & (S_IROTH | S_IWOTH)) != 0)
    spdlog::warn("the key file {} can be read by everybody: make it 0600", path.string());
  signing_key::seed_bytes seed{};
  std::array<std::uint8_t, seed.size() + 1> content{};
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
  if (size != seed.size())
    throw std::runtime_error("The key file " + path.string()
                             + " does not hold exactly 32 bytes. Restore it from a backup, or move "
                               "it away to get a new one, which ends every login.");
  std::memcpy(seed.data(), content.data(), seed.size());
  sodium_memzero(content.data(), content.size());
  return seed;
}

// The file appears under its name whole or not at all, and never in place of another.
void write_seed(const std::filesystem::path& path, const signing_key::seed_bytes& seed) {
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path{"."};
  std::string draft = (folder / ".key.XXXXXX").string();
  const file out{::mkostemp(draft.data(), O_CLOEXEC)}; // mode 0600
  if (!out)
    fail(path, "could not be made");
  const bool written =
    ::write(out.get(), seed.data(), seed.size()) == static_cast<ssize_t>(seed.size())
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

signing_key::signing_key(const seed_bytes& seed) {
  static_assert(std::tuple_size_v<seed_bytes> == crypto_sign_SEEDBYTES);
  static_assert(std::tuple_size_v<seed_bytes> == crypto_kdf_KEYBYTES);
  if (sodium_init() < 0)
    throw std::runtime_error("libsodium could not be initialised");
  crypto_sign_seed_keypair(public_.data(), secret_.data(), seed.data());
  crypto_kdf_derive_from_key(mac_key_.data(), mac_key_.size(), mac_subkey, mac_context,
                             seed.data());
  std::array<std::uint8_t, 32> digest{};
  crypto_generichash(digest.data(), digest.size(), public_.data(), public_.size(), nullptr, 0);
  std::array<char, 17> hex{};
  sodium_bin2hex(hex.data(), hex.size(), digest.data(), 8);
  key_id_ = hex.data();
}

signing_key::~signing_key() {
  sodium_memzero(secret_.data(), secret_.size());
  sodium_memzero(mac_key_.data(), mac_key_.size());
}

std::string signing_key::sign(std::string_view text) const {
  std::array<unsigned char, crypto_sign_BYTES> out{};
  crypto_sign_detached(out.data(), nullptr, bytes_of(text), text.size(), secret_.data());
  return {out.begin(), out.end()};
}

std::string signing_key::authenticate(std::string_view text) const {
  std::array<unsigned char, 32> out{};
  crypto_generichash(out.data(), out.size(), bytes_of(text), text.size(), mac_key_.data(),
                     mac_key_.size());
  return {out.begin(), out.end()};
}

signing_key load_or_create_key(const std::filesystem::path& path) {
  auto seed = read_seed(path);
  if (!seed) {
    signing_key::seed_bytes fresh{};
    if (sodium_init() < 0)
      throw std::runtime_error("libsodium could not be initialised");
    randombytes_buf(fresh.data(), fresh.size());
    write_seed(path, fresh);
    sodium_memzero(fresh.data(), fresh.size());
    seed = read_seed(path);
    if (!seed)
      throw std::runtime_error("The key file " + path.string() + " vanished while it was made.");
  }
  signing_key key{*seed};
  sodium_memzero(seed->data(), seed->size());
  return key;
}

} // namespace spotter::actors::identity
