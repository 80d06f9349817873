#pragma once

#include <sodium.h>

#include <memory>
#include <new>
#include <stdexcept>
#include <type_traits>

namespace spotter::actors::sealing {

/// Makes a `T` of plain bytes, all zero, for secrets: in pages of its own that are never swapped out
/// nor dumped, between others that nobody can read, and wiped when the last owner goes.
template <class T>
[[nodiscard]] std::shared_ptr<T> make_guarded() {
  static_assert(std::is_trivially_copyable_v<T> && alignof(T) == 1);
  if (sodium_init() < 0)
    throw std::runtime_error("libsodium could not be initialised");
  void* place = sodium_malloc(sizeof(T));
  if (!place)
    throw std::bad_alloc();
  return std::shared_ptr<T>{new (place) T{}, [](T* gone) { sodium_free(gone); }};
}

} // namespace spotter::actors::sealing
