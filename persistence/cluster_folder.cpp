#include "persistence/cluster_folder.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <thread>
#include <utility>

namespace spotter::persistence {

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

// What sockaddr_un holds, without "/.s.PGSQL.5432" and its terminator.
constexpr std::size_t longest_socket_folder = 107 - 15;
constexpr off_t largest_log = 16 * 1024 * 1024;

std::string because(const std::string& what, const fs::path& path) {
  return what + " " + path.string() + ": " + std::strerror(errno);
}

// The same in every process and release, unlike std::hash.
std::string short_name(const std::string& text) {
  std::uint64_t hash = 14695981039346656037u;
  for (char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), hash, 36).ptr;
  return {digits.data(), end};
}

fs::path whole_path(const fs::path& data) {
  std::error_code error;
  auto found = fs::weakly_canonical(data, error);
  return error ? fs::absolute(data) : found;
}

// A folder of the owner's alone. One that somebody else put there is refused: in /tmp anybody can.
bool make_private_folder(const fs::path& path, const os_user& owner) {
  const bool made = ::mkdir(path.c_str(), 0700) == 0;
  if (!made && errno != EEXIST)
    return false;
  if (made && ::lchown(path.c_str(), owner.uid, owner.gid) != 0)
    return false;
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0)
    return false;
  if (!S_ISDIR(found.st_mode) || found.st_uid != owner.uid || (found.st_mode & 0077) != 0) {
    errno = EPERM;
    return false;
  }
  return true;
}

// Of the open file, not of the process, so that two holders in one process exclude each other too;
// and unlike flock it can be asked about without taking it.
struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

std::optional<pid_t> number_in(const fs::path& file) {
  std::ifstream in{file};
  pid_t number = 0;
  if (!(in >> number) || number < 2)
    return std::nullopt;
  return number;
}

} // namespace

fs::path socket_folder_of(const fs::path& data) {
  const auto whole = whole_path(data);
  auto beside = whole / "postgres-run";
  if (beside.string().size() <= longest_socket_folder)
    return beside;
  return fs::path{"/tmp"}
         / ("spotter-" + std::to_string(::geteuid()) + "-" + short_name(whole.string()));
}

std::optional<pid_t> holder_of(const fs::path& data) {
  const auto path = whole_path(data) / "postgres.lock";
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return std::nullopt;
  auto lock = whole_file();
  const bool held = ::fcntl(file, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  ::close(file);
  if (!held)
    return std::nullopt;
  return number_in(path).value_or(0);
}

domain::expected<cluster_folder, std::string> cluster_folder::open(const fs::path& data,
                                                                   const os_user& owner) {
  cluster_folder folder;
  folder.data_ = whole_path(data);
  folder.cluster_ = folder.data_ / "postgres";
  folder.socket_ = socket_folder_of(data);
  folder.owner_ = owner;
  std::error_code error;
  fs::create_directories(folder.data_, error);
  if (error)
    return "Can't make the data folder " + folder.data_.string() + ": " + error.message();
  const auto lock_path = folder.data_ / "postgres.lock";
  folder.lock_ = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (folder.lock_ < 0)
    return because("Can't open", lock_path);
  auto lock = whole_file();
  if (::fcntl(folder.lock_, F_OFD_SETLK, &lock) != 0)
    return "The data folder " + folder.data_.string() + " is in use by process "
           + std::to_string(number_in(lock_path).value_or(0))
           + ". Stop that, or name another folder.";
  const auto self = std::to_string(::getpid()) + "\n";
  if (::ftruncate(folder.lock_, 0) != 0
      || ::pwrite(folder.lock_, self.data(), self.size(), 0) != static_cast<ssize_t>(self.size()))
    return because("Can't write", lock_path);
  for (const auto& path : {folder.cluster_, folder.socket_})
    if (!make_private_folder(path, owner))
      return because("Can't make a private folder of user " + owner.name + " at", path);
  return folder;
}

cluster_folder::cluster_folder(cluster_folder&& other) noexcept
  : data_{std::move(other.data_)}, cluster_{std::move(other.cluster_)},
    socket_{std::move(other.socket_)}, owner_{std::move(other.owner_)}, lock_{std::exchange(
                                                                          other.lock_, -1)} {}

cluster_folder::~cluster_folder() {
  if (lock_ >= 0)
    ::close(lock_);
}

bool cluster_folder::has_cluster() const {
  std::error_code error;
  return fs::exists(cluster_ / "PG_VERSION", error);
}

std::optional<int> cluster_folder::major() const {
  return number_in(cluster_ / "PG_VERSION");
}

domain::expected<fs::path, std::string> cluster_folder::make_scratch() const {
  auto scratch = data_ / "postgres.new";
  std::error_code error;
  fs::remove_all(scratch, error);
  if (error || !make_private_folder(scratch, owner_))
    return because("Can't make", scratch);
  return scratch;
}

bool cluster_folder::write(const std::string& name, const std::string& content) const {
  const auto path = cluster_ / name;
  // The folder belongs to a less privileged user: a link that it left there is not followed.
  const int file =
    ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0)
    return false;
  const bool whole =
    ::write(file, content.data(), content.size()) == static_cast<ssize_t>(content.size())
    && ::fchown(file, owner_.uid, owner_.gid) == 0;
  return ::close(file) == 0 && whole;
}

int cluster_folder::open_log() const {
  const auto path = data_ / "postgres.log";
  struct stat found {};
  if (::stat(path.c_str(), &found) == 0 && found.st_size > largest_log)
    ::rename(path.c_str(), (path.string() + ".old").c_str());
  return ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

std::string cluster_folder::log_tail() const {
  std::ifstream in{data_ / "postgres.log", std::ios::binary | std::ios::ate};
  const auto size = static_cast<std::streamoff>(in.tellg());
  if (size <= 0)
    return {};
  in.seekg(std::max<std::streamoff>(0, size - 1500));
  return {std::istreambuf_iterator<char>{in}, {}};
}

std::vector<pid_t> cluster_folder::leftovers() const {
  // By where they work and not by postmaster.pid: that may be stale, name a process that has
  // nothing to do with us, or be gone while backends of a killed postmaster still end.
  std::vector<pid_t> found;
  struct stat ours {};
  if (::stat(cluster_.c_str(), &ours) != 0)
    return found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator{"/proc", error}) {
    const auto name = entry.path().filename().string();
    pid_t id = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), id);
    struct stat theirs {};
    if (parsed.ec != std::errc{} || parsed.ptr != name.data() + name.size() || id == ::getpid()
        || ::stat((entry.path() / "cwd").c_str(), &theirs) != 0 || theirs.st_dev != ours.st_dev
        || theirs.st_ino != ours.st_ino)
      continue;
    std::ifstream comm{entry.path() / "comm"};
    std::string program;
    comm >> program;
    if (program.starts_with("postgres") || program.starts_with("postmaster"))
      found.push_back(id);
  }
  return found;
}

bool cluster_folder::end_leftovers(milliseconds fast) const {
  const auto postmaster = number_in(cluster_ / "postmaster.pid");
  const auto all_gone = [this](milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    for (auto left = leftovers(); !left.empty(); left = leftovers()) {
      const auto rest =
        std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now());
      if (rest.count() <= 0 || !wait_for_exit(left.front(), rest))
        return false;
    }
    return true;
  };
  auto left = leftovers();
  if (postmaster && std::find(left.begin(), left.end(), *postmaster) != left.end()) {
    ::kill(*postmaster, SIGINT);
    if (!all_gone(fast))
      ::kill(*postmaster, SIGQUIT);
  }
  if (!all_gone(milliseconds{5'000}))
    for (pid_t process : leftovers())
      ::kill(process, SIGKILL);
  if (!all_gone(milliseconds{5'000}))
    return false;
  // Nothing runs here, so what these files say is stale; the server would refuse to start if
  // another process, or a dead one that nobody has waited for, had that number now.
  for (const auto& stale :
       {cluster_ / "postmaster.pid", socket_ / ".s.PGSQL.5432.lock", socket_ / ".s.PGSQL.5432"}) {
    std::error_code error;
    fs::remove(stale, error);
  }
  return true;
}

} // namespace spotter::persistence
