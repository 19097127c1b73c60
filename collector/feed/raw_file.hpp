#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "collector/feed/input.hpp"

namespace isthmus::collector {

/// The bytes of a file as they lie on disk, in chunks.
class RawFile {
 public:
  /// "-" is standard input. A directory and what cannot be opened are errors.
  static Result<RawFile> open(const std::string& path);
  RawFile(RawFile&& other) noexcept;
  RawFile& operator=(RawFile&&) = delete;
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;
  ~RawFile();

  /// The next chunk, empty at the end; it lasts until the next call.
  Result<Bytes> next();
  /// The first bytes (fewer only if the file is shorter) without consuming them. Must come before
  /// the first `next`.
  Result<Bytes> peek(std::size_t count);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] Input::Progress progress() const { return {consumed_, size_}; }

 private:
  RawFile(int descriptor, std::string name, std::uint64_t size);
  Result<std::size_t> read_some(std::size_t offset);

  int descriptor_;
  std::string name_;
  std::uint64_t size_;
  std::uint64_t consumed_ = 0;
  std::vector<std::byte> buffer_;
  std::size_t peeked_ = 0;
};

}  // namespace isthmus::collector
