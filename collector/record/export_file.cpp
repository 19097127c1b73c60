#include "collector/record/export_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace isthmus::collector {
namespace {

constexpr std::size_t kBufferSize = 1 << 16;

tl::unexpected<Error> failure(const std::string& path, std::string_view doing) {
  return fail(fmt::format("{}: cannot {}: {}", path, doing,
                          std::error_code{errno, std::generic_category()}.message()));
}

}  // namespace

Result<FileDigest> digest_file(const std::string& path,
                               const std::function<void(std::string_view)>& each) {
  // Not to wait for ever for the writer of a pipe.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor < 0) {
    return failure(path, "open");
  }
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor);
    return fail(path + ": is not a regular file");
  }
  FileDigest digest;
  Sha256 hash;
  std::string buffer(kBufferSize, '\0');
  ssize_t count = 0;
  do {
    count = ::read(descriptor, buffer.data(), buffer.size());
    if (count > 0) {
      const std::string_view piece{buffer.data(), static_cast<std::size_t>(count)};
      hash.update(piece);
      if (each) {
        each(piece);
      }
      digest.bytes += static_cast<std::uint64_t>(count);
    }
  } while (count > 0 || (count < 0 && errno == EINTR));
  const int cause = errno;
  ::close(descriptor);
  if (count < 0) {
    errno = cause;
    return failure(path, "read");
  }
  digest.sha256 = hash.hex();
  return digest;
}

ExportFile::ExportFile(std::string path, int descriptor)
    : path_{std::move(path)},
      descriptor_{descriptor} {}

ExportFile::ExportFile(ExportFile&& other) noexcept
    : path_{std::move(other.path_)},
      descriptor_{std::exchange(other.descriptor_, -1)},
      buffer_{std::move(other.buffer_)},
      bytes_{other.bytes_},
      hash_{std::move(other.hash_)} {}

ExportFile::~ExportFile() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

Result<ExportFile> ExportFile::create(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor < 0) {
    return failure(path, "create");
  }
  return ExportFile{path, descriptor};
}

Result<void> ExportFile::append(std::string_view bytes) {
  buffer_.append(bytes);
  return buffer_.size() < kBufferSize ? Result<void>{} : flush();
}

Result<void> ExportFile::flush() {
  std::string_view left = buffer_;
  while (!left.empty()) {
    const ssize_t count = ::write(descriptor_, left.data(), left.size());
    if (count < 0 && errno != EINTR) {
      return failure(path_, "write");
    }
    left.remove_prefix(count < 0 ? 0 : static_cast<std::size_t>(count));
  }
  hash_.update(buffer_);
  bytes_ += buffer_.size();
  buffer_.clear();
  return {};
}

Result<FileDigest> ExportFile::finish() {
  if (auto flushed = flush(); !flushed) {
    return unexpected{flushed.error()};
  }
  if (::fsync(descriptor_) != 0) {
    return failure(path_, "bring to the disk");
  }
  return FileDigest{bytes_, hash_.hex()};
}

Result<void> sync_to_disk(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return failure(path, "open");
  }
  const bool synced = ::fsync(descriptor) == 0;
  const int cause = errno;
  ::close(descriptor);
  if (!synced) {
    errno = cause;
    return failure(path, "bring to the disk");
  }
  return {};
}

}  // namespace isthmus::collector
