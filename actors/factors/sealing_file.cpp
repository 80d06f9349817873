#include "actors/factors/sealing_file.hpp"

#include "actors/identity/key_file.hpp"

#include <sodium.h>

namespace spotter::actors::factors {

sealer load_or_create_sealer(const std::filesystem::path& path) {
  auto bytes = identity::read_or_create_key_file(
    path, "makes every authenticator useless that was added before");
  std::vector<sealing_key> keys{sealing_key{bytes}};
  sodium_memzero(bytes.data(), bytes.size());
  return sealer{std::move(keys)};
}

} // namespace spotter::actors::factors
