#include "probe/packet/checksum.hpp"

namespace isthmus::probe {

std::uint64_t checksum_add(std::uint64_t sum, Bytes bytes) {
  // A ones' complement sum of big-endian words is the same as of wider ones, folded.
  ByteReader reader{bytes};
  while (reader.size() >= 4) {
    sum += reader.u32();
  }
  if (reader.size() >= 2) {
    sum += reader.u16();
  }
  if (!reader.empty()) {
    sum += static_cast<std::uint64_t>(reader.u8()) << 8;
  }
  return sum;
}

}  // namespace isthmus::probe
