#include "persistence/archive.hpp"

#include <zip.h>

#include <cerrno>
#include <cstring>

namespace spotter::persistence {

namespace {

[[noreturn]] void fail(const char* what) {
  throw std::runtime_error(std::string{what} + ": " + std::strerror(errno));
}

} // namespace

/// The archive itself lies in memory of libzip's, which this frees.
struct archive::impl {
  zip_source_t* target = nullptr; // ours, besides the archive's
  zip_t* zip = nullptr;           // until it is closed

  impl() {
    zip_error_t error{};
    target = zip_source_buffer_create(nullptr, 0, 0, &error);
    if (!target)
      throw std::runtime_error("no room for an archive");
    zip_source_keep(target);
    zip = zip_open_from_source(target, ZIP_TRUNCATE, &error);
    if (!zip) {
      zip_source_free(target);
      zip_source_free(target);
      throw std::runtime_error("an archive could not be begun");
    }
  }

  ~impl() {
    if (zip)
      zip_discard(zip);
    zip_source_free(target);
  }

  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;

  void add(const std::string& name, zip_source_t* source) {
    if (!source)
      throw std::runtime_error("no room in the archive");
    if (zip_file_add(zip, name.c_str(), source, ZIP_FL_ENC_UTF_8) < 0) {
      zip_source_free(source);
      throw std::runtime_error(std::string{"the archive took no "} + name);
    }
  }
};

archive::entry::entry(archive& owner, std::string name)
  : owner_(&owner), name_(std::move(name)), file_(std::tmpfile()) {
  if (!file_)
    fail("a temporary file could not be made");
}

void archive::entry::write(std::string_view bytes) {
  bytes_ += bytes.size();
  if (owner_->content_ + bytes_ > owner_->most_content_)
    throw archive_too_large();
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size())
    fail("a temporary file could not be written");
}

archive::archive(std::uint64_t most_content, std::uint64_t most_archive)
  : impl_(std::make_unique<impl>()), most_content_(most_content), most_archive_(most_archive) {}

archive::~archive() = default;

void archive::add(entry done) {
  if (std::fflush(done.file_.get()) != 0)
    fail("a temporary file could not be written");
  std::rewind(done.file_.get());
  auto* source = zip_source_filep(impl_->zip, done.file_.get(), 0, -1);
  impl_->add(done.name_, source);
  static_cast<void>(done.file_.release()); // the archive closes it
  content_ += done.bytes_;
  files_.push_back({std::move(done.name_), done.rows_, done.bytes_});
}

std::string archive::finish(std::string manifest) {
  impl_->add("manifest.json", zip_source_buffer(impl_->zip, manifest.data(), manifest.size(), 0));
  if (zip_close(impl_->zip) != 0)
    throw std::runtime_error(std::string{"the archive was not packed: "}
                             + zip_strerror(impl_->zip));
  impl_->zip = nullptr;
  zip_stat_t about{};
  if (zip_source_stat(impl_->target, &about) != 0 || (about.valid & ZIP_STAT_SIZE) == 0)
    throw std::runtime_error("the archive has no size");
  if (about.size > most_archive_)
    throw archive_too_large();
  std::string out(about.size, '\0');
  if (zip_source_open(impl_->target) != 0
      || zip_source_read(impl_->target, out.data(), out.size())
           != static_cast<zip_int64_t>(out.size()))
    throw std::runtime_error("the archive could not be read");
  zip_source_close(impl_->target);
  return out;
}

} // namespace spotter::persistence
