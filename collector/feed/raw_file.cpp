#include "collector/feed/raw_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace isthmus::collector {
namespace {

constexpr std::size_t kChunk = std::size_t{1} << 20;

tl::unexpected<Error> system_failure(const std::string& name, int code) {
  return fail(name + ": " + std::strerror(code));
}

}  // namespace

RawFile::RawFile(int descriptor, std::string name, std::uint64_t size)
    : descriptor_{descriptor},
      name_{std::move(name)},
      size_{size},
      buffer_(kChunk) {}

RawFile::RawFile(RawFile&& other) noexcept
    : descriptor_{std::exchange(other.descriptor_, -1)},
      name_{std::move(other.name_)},
      size_{other.size_},
      consumed_{other.consumed_},
      buffer_{std::move(other.buffer_)},
      peeked_{other.peeked_} {}

RawFile::~RawFile() {
  if (descriptor_ > STDIN_FILENO) {
    ::close(descriptor_);
  }
}

Result<RawFile> RawFile::open(const std::string& path) {
  const bool standard = path == "-";
  const std::string name = standard ? "standard input" : path;
  const int descriptor = standard ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return system_failure(name, errno);
  }
  RawFile file{descriptor, name, 0};
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) {
    return system_failure(name, errno);
  }
  if (S_ISDIR(status.st_mode)) {
    return fail(name + ": is a directory; name the archive files in it");
  }
  if (S_ISREG(status.st_mode)) {
    file.size_ = static_cast<std::uint64_t>(status.st_size);
    ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  return file;
}

Result<std::size_t> RawFile::read_some(std::size_t offset) {
  for (;;) {
    const ssize_t count = ::read(descriptor_, buffer_.data() + offset, buffer_.size() - offset);
    if (count >= 0) {
      return static_cast<std::size_t>(count);
    }
    if (errno != EINTR) {
      const int code = errno;
      return fail(name_ + ": cannot be read after " + std::to_string(consumed_) +
                  " bytes: " + std::strerror(code));
    }
  }
}

Result<Bytes> RawFile::peek(std::size_t count) {
  while (peeked_ < count) {
    const Result<std::size_t> more = read_some(peeked_);
    if (!more) {
      return unexpected{more.error()};
    }
    if (*more == 0) {
      break;
    }
    peeked_ += *more;
  }
  return Bytes{buffer_}.first(peeked_ < count ? peeked_ : count);
}

Result<Bytes> RawFile::next() {
  std::size_t count = std::exchange(peeked_, 0);
  if (count == 0) {
    const Result<std::size_t> more = read_some(0);
    if (!more) {
      return unexpected{more.error()};
    }
    count = *more;
  }
  consumed_ += count;
  return Bytes{buffer_}.first(count);
}

}  // namespace isthmus::collector
