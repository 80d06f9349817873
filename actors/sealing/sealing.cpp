#include "actors/sealing/sealing.hpp"

#include "actors/sealing/guarded.hpp"

#include <sodium.h>

#include <algorithm>
#include <stdexcept>

namespace spotter::actors::sealing {

namespace {

constexpr char format_version = 1;
constexpr std::size_t id_size = 8;
constexpr std::size_t nonce_size = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_size = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t key_size = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr std::size_t wrapped_size = nonce_size + key_size + tag_size;
constexpr std::size_t head_size = 1 + id_size;

const unsigned char* bytes_of(std::string_view text) noexcept {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// The layer and the length keep any two inputs apart.
std::string authenticated(char layer, std::string_view head, std::string_view context) {
  std::string out{layer};
  out += head;
  out += context;
  return out;
}

/// nonce | ciphertext with its tag
std::string encrypt(std::string_view plain, const unsigned char* key, std::string_view also) {
  std::string out(nonce_size + plain.size() + tag_size, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(out.data());
  randombytes_buf(bytes, nonce_size);
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes + nonce_size, nullptr, bytes_of(plain),
                                             plain.size(), bytes_of(also), also.size(), nullptr,
                                             bytes, key);
  return out;
}

std::optional<std::string> decrypt(std::string_view sealed, const unsigned char* key,
                                   std::string_view also) {
  if (sealed.size() < nonce_size + tag_size)
    return std::nullopt;
  std::string out(sealed.size() - nonce_size - tag_size, '\0');
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(reinterpret_cast<unsigned char*>(out.data()),
                                                 nullptr, nullptr, bytes_of(sealed) + nonce_size,
                                                 sealed.size() - nonce_size, bytes_of(also),
                                                 also.size(), bytes_of(sealed), key)
      != 0)
    return std::nullopt;
  return out;
}

struct parts {
  std::string_view head; // version and key id
  std::string_view wrapped;
  std::string_view content;
};

std::optional<parts> split(std::string_view sealed) {
  if (sealed.size() < head_size + wrapped_size + nonce_size + tag_size
      || sealed.front() != format_version)
    return std::nullopt;
  return parts{sealed.substr(0, head_size), sealed.substr(head_size, wrapped_size),
               sealed.substr(head_size + wrapped_size)};
}

std::string head_of(const sealing_key& key) {
  return std::string{format_version} + key.id();
}

/// The key of one secret, wiped when it goes.
class data_key {
public:
  explicit data_key(std::string bytes) : bytes_(std::move(bytes)) {}
  data_key(const data_key&) = delete;
  data_key& operator=(const data_key&) = delete;
  ~data_key() { sodium_memzero(bytes_.data(), bytes_.size()); }

  [[nodiscard]] std::string_view view() const noexcept { return bytes_; }
  [[nodiscard]] const unsigned char* get() const noexcept { return bytes_of(bytes_); }

private:
  std::string bytes_;
};

const sealing_key* find(const std::vector<sealing_key>& keys, std::string_view id) {
  const auto it =
    std::find_if(keys.begin(), keys.end(), [id](const auto& k) { return k.id() == id; });
  return it == keys.end() ? nullptr : &*it;
}

} // namespace

sealing_key::sealing_key(const key_bytes& bytes) {
  static_assert(std::tuple_size_v<key_bytes> == key_size);
  auto kept = make_guarded<key_bytes>();
  *kept = bytes;
  bytes_ = std::move(kept);
  std::array<unsigned char, crypto_generichash_BYTES> digest{};
  constexpr std::string_view purpose = "spotter sealing key id";
  crypto_generichash(digest.data(), digest.size(), bytes_of(purpose), purpose.size(),
                     bytes_->data(), bytes_->size());
  id_.assign(digest.begin(), digest.begin() + id_size);
}

std::string shown_id(std::string_view key_id) {
  std::string hex(2 * key_id.size() + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), bytes_of(key_id), key_id.size());
  hex.pop_back();
  return hex;
}

sealer::sealer(std::vector<sealing_key> keys) : keys_(std::move(keys)) {
  if (keys_.empty())
    throw std::invalid_argument("a sealer needs a key");
}

std::string sealer::seal(std::string_view secret, std::string_view context) const {
  std::string fresh(key_size, '\0');
  randombytes_buf(fresh.data(), fresh.size());
  const data_key key{std::move(fresh)};
  const auto& outer = keys_.front();
  const auto head = head_of(outer);
  // The content does not name the outer key, which may change.
  return head + encrypt(key.view(), outer.bytes().data(), authenticated('k', head, context))
         + encrypt(secret, key.get(), authenticated('c', {}, context));
}

std::optional<std::string> sealer::open(std::string_view sealed, std::string_view context) const {
  const auto p = split(sealed);
  if (!p)
    return std::nullopt;
  const auto* outer = find(keys_, p->head.substr(1));
  if (!outer)
    return std::nullopt;
  auto unwrapped = decrypt(p->wrapped, outer->bytes().data(), authenticated('k', p->head, context));
  if (!unwrapped)
    return std::nullopt;
  const data_key key{std::move(*unwrapped)};
  return decrypt(p->content, key.get(), authenticated('c', {}, context));
}

std::optional<std::string> sealer::rewrap(std::string_view sealed, std::string_view context) const {
  const auto p = split(sealed);
  auto secret = open(sealed, context);
  if (!p || !secret)
    return std::nullopt;
  sodium_memzero(secret->data(), secret->size());
  const auto* outer = find(keys_, p->head.substr(1));
  auto unwrapped = decrypt(p->wrapped, outer->bytes().data(), authenticated('k', p->head, context));
  const data_key key{std::move(*unwrapped)};
  const auto& first = keys_.front();
  const auto head = head_of(first);
  std::string out =
    head + encrypt(key.view(), first.bytes().data(), authenticated('k', head, context));
  out += p->content;
  return out;
}

std::optional<std::string> sealer::key_id_of(std::string_view sealed) {
  const auto p = split(sealed);
  return p ? std::optional{std::string{p->head.substr(1)}} : std::nullopt;
}

} // namespace spotter::actors::sealing
