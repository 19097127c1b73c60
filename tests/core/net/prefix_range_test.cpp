#include "core/net/prefix_range.hpp"

#include <string>

using namespace isthmus;

namespace {

std::string text_of(const char* first, const char* last) {
  std::string text;
  for (const Prefix& prefix :
       range_to_prefixes(IpAddress::parse(first).value(), IpAddress::parse(last).value())) {
    text += (text.empty() ? "" : " ") + prefix.to_string();
  }
  return text;
}

}  // namespace

TEST_CASE("a range becomes the fewest prefixes that cover it") {
  CHECK(text_of("1.0.0.0", "1.0.0.255") == "1.0.0.0/24");
  CHECK(text_of("1.0.0.0", "1.0.0.0") == "1.0.0.0/32");
  CHECK(text_of("10.0.0.1", "10.0.0.6") == "10.0.0.1/32 10.0.0.2/31 10.0.0.4/31 10.0.0.6/32");
  CHECK(text_of("0.0.0.0", "255.255.255.255") == "0.0.0.0/0");
  CHECK(text_of("255.255.255.254", "255.255.255.255") == "255.255.255.254/31");
  CHECK(text_of("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff") == "::/0");
  CHECK(text_of("2001:db8::", "2001:db8:1:ffff:ffff:ffff:ffff:ffff") == "2001:db8::/47");
  CHECK(text_of("2001:db8::ffff:ffff:ffff:ffff", "2001:db8:0:1::") ==
        "2001:db8::ffff:ffff:ffff:ffff/128 2001:db8:0:1::/128");
}

TEST_CASE("a range that runs backwards or over two families has no prefixes") {
  CHECK(text_of("10.0.0.2", "10.0.0.1").empty());
  CHECK(text_of("10.0.0.2", "::1").empty());
  CHECK(text_of("::1", "10.0.0.2").empty());
}

TEST_CASE("the worst ranges have 62 and 254 prefixes") {
  CHECK(range_to_prefixes(IpAddress::v4(1), IpAddress::v4(0xfffffffe)).size() == 62);
  CHECK(range_to_prefixes(IpAddress::v6(0, 1), IpAddress::v6(~0ULL, ~0ULL - 1)).size() == 254);
}

TEST_CASE("the prefixes of every small range cover exactly its addresses") {
  constexpr std::uint32_t kSize = 48;
  // At 0, at the end of the space, and across the boundary of a /16.
  const std::uint32_t base = GENERATE(0U, 0U - kSize, 0x0a00ffe8U);
  std::size_t wrong = 0;
  for (std::uint32_t first = 0; first < kSize; ++first) {
    for (std::uint32_t last = first; last < kSize; ++last) {
      const auto prefixes =
          range_to_prefixes(IpAddress::v4(base + first), IpAddress::v4(base + last));
      for (std::uint32_t at = 0; at < kSize; ++at) {
        std::size_t covered = 0;
        for (const Prefix& prefix : prefixes) {
          covered += prefix.contains(IpAddress::v4(base + at)) ? 1U : 0U;
        }
        wrong += covered == (first <= at && at <= last ? 1U : 0U) ? 0U : 1U;
      }
      // Two neighbours of one length that make up a wider prefix would be one too many.
      for (std::size_t i = 1; i < prefixes.size(); ++i) {
        const Prefix wider = Prefix::covering(prefixes[i].address(), prefixes[i].length() - 1);
        wrong += wider.contains(prefixes[i - 1]) && prefixes[i - 1] != wider &&
                         prefixes[i - 1].length() == prefixes[i].length()
                     ? 1U
                     : 0U;
      }
    }
  }
  CHECK(wrong == 0);
}
