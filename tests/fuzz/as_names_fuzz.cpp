// Whatever the text, every line is accounted for, and no name can harm a terminal or break JSON.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "core/base/bytes.hpp"
#include "core/net/as_names.hpp"

using namespace isthmus;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(std::as_bytes(std::span{data, size}));
  AsNamesBuilder builder;
  const LineAccount account = builder.add(text);
  if (account.used + account.passed + account.refused != account.lines) {
    std::abort();
  }
  const AsNames names = builder.build();
  for (std::uint32_t asn = 0; asn < 100; ++asn) {
    const std::string_view name = names.find(Asn{asn});
    if (name.size() > 200) {
      std::abort();
    }
    for (const char each : name) {
      if (static_cast<unsigned char>(each) < 0x20 || each == '\x7f') {
        std::abort();
      }
    }
  }
  return 0;
}
