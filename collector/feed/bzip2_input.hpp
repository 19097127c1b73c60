#pragma once

#include <memory>

#include "collector/feed/raw_file.hpp"

namespace isthmus::collector {

/// Decompresses a bzip2 file on all cores: its blocks are independent of each other and are found
/// by their 48-bit magic, at any bit. The order of the bytes is kept, the memory in flight is
/// bounded, and every block's and every stream's checksum is verified.
std::unique_ptr<Input> open_bzip2(RawFile file);

}  // namespace isthmus::collector
