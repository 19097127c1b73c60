// Whatever the text, every line is accounted for, and what was used can be frozen and found again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "core/base/bytes.hpp"
#include "core/net/origin_table.hpp"

using namespace isthmus;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(std::as_bytes(std::span{data, size}));
  OriginTableBuilder builder;
  const LineAccount account = parse_pfx2as(text, builder);
  if (account.used + account.passed + account.refused != account.lines || account.bytes != size ||
      builder.size() < account.used) {
    std::abort();
  }
  const auto table = builder.build();
  if (!table || (table->size() == 0) != (account.used == 0)) {
    std::abort();
  }
  // An address field of a line that was used alone is matched by a prefix around it.
  LineAccount again;
  LineReader lines{text, again};
  while (const auto line = lines.next()) {
    OriginTableBuilder single;
    // By itself a line may begin with a byte order mark, or end in what is left of two carriage
    // returns; within a text it may not.
    if (line->starts_with('\xef') || line->ends_with('\r') ||
        parse_pfx2as(*line, single).used != 1) {
      continue;
    }
    std::string_view rest = *line;
    const auto address = IpAddress::parse(trim(take_field(rest, '\t')));
    const auto match = address ? table->longest_match(*address) : std::nullopt;
    if (!match || match->origins.empty() || !match->prefix.contains(*address)) {
      std::abort();
    }
  }
  return 0;
}
