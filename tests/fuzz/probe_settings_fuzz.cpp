// Any text as a probe's configuration: it is taken, with a collector to work for, or refused with
// words.
#include <cstdlib>

#include "core/base/bytes.hpp"
#include "probe/daemon/settings.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = isthmus::as_text(std::as_bytes(std::span{data, size}));
  const auto settings = isthmus::probe::parse_settings(text, "fuzz");
  if (settings ? settings->collectors.empty() : settings.error().message.empty()) {
    std::abort();
  }
  return 0;
}
