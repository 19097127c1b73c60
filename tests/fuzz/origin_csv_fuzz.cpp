// Whatever the text, every line is accounted for; the prefixes of a range hold both of its ends.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "core/base/bytes.hpp"
#include "core/net/origin_table.hpp"
#include "core/net/prefix_range.hpp"

using namespace isthmus;

namespace {

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

void check_account(const LineAccount& account, std::size_t size) {
  require(account.used + account.passed + account.refused == account.lines);
  require(account.bytes == size);
  require(account.first_errors.size() <= 10);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(std::as_bytes(std::span{data, size}));
  OriginTableBuilder builder;
  check_account(parse_origin_csv(text, builder), size);
  check_account(parse_overrides(text, builder), size);
  const auto table = builder.build();
  require(table.has_value());

  LineAccount again;
  LineReader lines{text, again};
  while (const auto line = lines.next()) {
    std::string_view rest = *line;
    const auto first = IpAddress::parse(trim(take_field(rest, ',')));
    const auto last = IpAddress::parse(trim(take_field(rest, ',')));
    if (!first || !last || first->family() != last->family() || *last < *first) {
      continue;
    }
    const auto prefixes = range_to_prefixes(*first, *last);
    require(!prefixes.empty() && prefixes.size() <= 254);
    require(prefixes.front().address() == *first && prefixes.back().contains(*last));
  }
  return 0;
}
