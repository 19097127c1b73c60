#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "collector/settings.hpp"
#include "core/base/bytes.hpp"

using namespace isthmus;

/// A configuration that is accepted is written in a form that is read back to the same; one that is
/// not is refused with words.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = as_text(std::as_bytes(std::span{data, size}));
  const auto settings = collector::parse_settings(text, "fuzz.toml", "/nonexistent");
  if (!settings) {
    if (settings.error().message.empty()) {
      std::abort();
    }
    return 0;
  }
  const std::string written = collector::to_toml(*settings);
  const auto back = collector::parse_settings(written, "written.toml", "/nonexistent");
  if (!back || back->targets != settings->targets || back->labels != settings->labels ||
      back->history_folder != settings->history_folder || collector::to_toml(*back) != written) {
    std::abort();
  }
  return 0;
}
