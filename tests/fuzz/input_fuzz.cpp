// A file of any bytes: it is decompressed, or an error is given that lasts; no more comes out than
// its form can hold, and nothing hangs.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "collector/feed/input.hpp"

namespace {

void expect(bool holds) {
  if (!holds) {
    std::abort();
  }
}

/// A file in memory that is written anew for each input.
class MemoryFile {
 public:
  MemoryFile()
      : descriptor_{::memfd_create("fuzz", 0)},
        path_{"/proc/self/fd/" + std::to_string(descriptor_)} {}
  const std::string& write(const std::uint8_t* data, std::size_t size) {
    expect(::ftruncate(descriptor_, 0) == 0);
    expect(::pwrite(descriptor_, data, size, 0) == static_cast<ssize_t>(size));
    return path_;
  }

 private:
  int descriptor_;
  std::string path_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static MemoryFile file;
  auto input = isthmus::collector::open_input(file.write(data, size));
  if (!input) {
    expect(!input.error().message.empty());
    return 0;
  }
  constexpr std::size_t kEnough = std::size_t{64} << 20;
  std::size_t total = 0;
  while (total < kEnough) {
    const auto chunk = (*input)->next();
    if (!chunk) {
      const auto again = (*input)->next();
      expect(!again && again.error() == chunk.error());
      break;
    }
    if (chunk->empty()) {
      break;
    }
    total += chunk->size();
  }
  expect((*input)->progress().consumed <= size);
  return 0;
}
