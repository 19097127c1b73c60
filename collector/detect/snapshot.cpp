#include "collector/detect/snapshot.hpp"

#include <bit>
#include <cstring>

#include <fmt/format.h>

#include "core/base/hash.hpp"

namespace isthmus::collector {
namespace {

inline constexpr std::string_view kMagic = "isthmus-state\n";
/// Whoever reads this number back wrong has another order of bytes.
inline constexpr std::uint16_t kOrder = 0x0102;

std::uint64_t checksum(Bytes bytes) {
  constexpr std::uint64_t kStep = 0xa0761d6478bd642fULL;
  std::uint64_t value = bytes.size();
  while (bytes.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof(word));
    value = fold(value ^ word, kStep) + word;
    bytes = bytes.subspan(sizeof(word));
  }
  std::uint64_t last = 0;
  if (!bytes.empty()) {
    std::memcpy(&last, bytes.data(), bytes.size());
  }
  return mix(fold(value ^ last, kStep) + last);
}

template <typename T>
void append(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

template <typename T>
T front(Bytes& rest) {
  T value{};
  std::memcpy(&value, rest.data(), sizeof(T));
  rest = rest.subspan(sizeof(T));
  return value;
}

}  // namespace

void append_snapshot(std::string& out, const std::string& body) {
  out.reserve(out.size() + kMagic.size() + 20 + body.size());
  out.append(kMagic);
  append(out, kOrder);
  append(out, kSnapshotVersion);
  append<std::uint64_t>(out, body.size());
  append(out, checksum(as_bytes(body)));
  out.append(body);
}

Result<Bytes> open_snapshot(Bytes saved) {
  constexpr std::size_t kHeader = 20;
  if (saved.size() < kMagic.size() + kHeader || as_text(saved.first(kMagic.size())) != kMagic) {
    return fail("this is no saved state of the detector");
  }
  Bytes rest = saved.subspan(kMagic.size());
  if (front<std::uint16_t>(rest) != kOrder) {
    return fail("the state was saved on a machine with another order of bytes");
  }
  if (const auto version = front<std::uint16_t>(rest); version != kSnapshotVersion) {
    return fail(fmt::format("the state was saved in layout {}, this program reads layout {}",
                            version, kSnapshotVersion));
  }
  const auto size = front<std::uint64_t>(rest);
  const auto sum = front<std::uint64_t>(rest);
  if (size != rest.size()) {
    return fail(fmt::format("the saved state should have {} bytes and has {}", size, rest.size()));
  }
  if (sum != checksum(rest)) {
    return fail("the saved state is damaged: its checksum is wrong");
  }
  return rest;
}

}  // namespace isthmus::collector
