#include "collector/daemon/saved_state.hpp"

#include <filesystem>

#include "collector/feed/private_file.hpp"
#include "core/base/bytes.hpp"

namespace isthmus::collector {
namespace {

constexpr std::uint32_t kMagic = 0x49535431;  // "IST1"

}  // namespace

Result<void> write_state(const std::string& path, const SavedState& state) {
  ByteWriter out;
  out.u32(kMagic);
  out.u64(static_cast<std::uint64_t>(state.time.time_since_epoch().count()));
  out.u64(state.archive_elements);
  out.u32(static_cast<std::uint32_t>(state.archives.size()));
  out.bytes(as_bytes(state.archives));
  out.u64(state.detector.size());
  out.bytes(as_bytes(state.detector));
  return write_private_file(path, as_text(out.view()));
}

Result<std::optional<SavedState>> read_state(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    return std::optional<SavedState>{};
  }
  const auto content = read_private_file(path);
  if (!content) {
    return unexpected{content.error()};
  }
  ByteReader in{as_bytes(*content)};
  const bool known = in.u32() == kMagic;
  SavedState state;
  state.time = TimePoint{Duration{static_cast<std::int64_t>(in.u64())}};
  state.archive_elements = in.u64();
  state.archives = as_text(in.take(in.u32()));
  state.detector = as_text(in.take(in.u64()));
  if (!known || !in.ok() || !in.empty()) {
    return fail(path + ": is damaged, or of another version");
  }
  return std::optional{std::move(state)};
}

}  // namespace isthmus::collector
