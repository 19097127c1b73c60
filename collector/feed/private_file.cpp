#include "collector/feed/private_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace isthmus::collector {
namespace {

tl::unexpected<Error> failed(const std::string& path, const char* what) {
  return fail(path + ": " + what + ": " + std::strerror(errno));
}

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return false;
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(fd) == 0;
}

}  // namespace

Result<void> make_private_folder(const std::string& path) {
  std::error_code error;
  const auto parent = std::filesystem::path{path}.parent_path();
  if (!parent.empty()) {
    std::filesystem::create_directories(parent, error);
  }
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return failed(path, "cannot be made");
  }
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    return failed(path, "cannot be looked at");
  }
  if (!S_ISDIR(status.st_mode)) {
    return fail(path + ": is no folder");
  }
  if ((status.st_mode & 022U) != 0) {
    return fail(path + ": others may write to it; run: chmod 700 " + path);
  }
  return {};
}

Result<void> write_private_file(const std::string& path, std::string_view content) {
  const std::string draft = path + ".new";
  const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    return failed(draft, "cannot be made");
  }
  const bool written = ::fchmod(fd, 0600) == 0 && write_all(fd, content);
  const int cause = errno;
  ::close(fd);
  errno = cause;
  if (!written || std::rename(draft.c_str(), path.c_str()) != 0) {
    auto failure = failed(path, "cannot be written");
    ::unlink(draft.c_str());
    return failure;
  }
  const std::string folder = std::filesystem::path{path}.parent_path().string();
  const int directory = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC);
  if (directory >= 0) {
    ::fsync(directory);
    ::close(directory);
  }
  return {};
}

Result<std::string> read_private_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return failed(path, "cannot be opened");
  }
  struct stat status {};
  std::string content;
  const bool known = ::fstat(fd, &status) == 0;
  if (known && (status.st_mode & 077U) != 0) {
    ::close(fd);
    return fail(path + ": others may read it; run: chmod 600 " + path);
  }
  std::array<char, 4096> piece{};
  ssize_t count = 0;
  while (known && (count = ::read(fd, piece.data(), piece.size())) > 0) {
    content.append(piece.data(), static_cast<std::size_t>(count));
  }
  ::close(fd);
  if (!known || count < 0) {
    return failed(path, "cannot be read");
  }
  return content;
}

}  // namespace isthmus::collector
