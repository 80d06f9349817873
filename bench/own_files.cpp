// Gives each thread that accepts connections a table of open files of its own, so that a server can
// hold more of them than the limit of one process, where that may not be raised. For measuring only:
// such threads don't see what others open later. Used through LD_PRELOAD.

#include <dlfcn.h>
#include <sched.h>
#include <sys/socket.h>

extern "C" int accept(int listener, sockaddr* address, socklen_t* size) {
  static const auto real =
    reinterpret_cast<int (*)(int, sockaddr*, socklen_t*)>(::dlsym(RTLD_NEXT, "accept"));
  // The first call comes when everything that the thread needs is open.
  thread_local const int own = ::unshare(CLONE_FILES);
  static_cast<void>(own);
  return real(listener, address, size);
}
