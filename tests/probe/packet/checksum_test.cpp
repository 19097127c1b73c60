#include "probe/packet/checksum.hpp"

#include <array>
#include <numeric>
#include <vector>

#include <catch2/catch.hpp>

#include "probe/packet/siphash.hpp"

using namespace isthmus;
using namespace isthmus::probe;

TEST_CASE("the checksum of RFC 1071's example comes out") {
  const std::array<unsigned char, 8> example{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  CHECK(checksum_fold(checksum_add(0, std::as_bytes(std::span{example}))) == 0xddf2);
}

TEST_CASE("a sum in words of four bytes equals the sum in words of two, at any length") {
  std::vector<unsigned char> bytes(77);
  std::iota(bytes.begin(), bytes.end(), static_cast<unsigned char>(171));
  for (std::size_t length = 0; length <= bytes.size(); ++length) {
    std::uint64_t slow = 0;
    for (std::size_t i = 0; i < length; ++i) {
      slow += i % 2 == 0 ? bytes[i] * 256U : bytes[i];
    }
    CHECK(checksum_fold(checksum_add(0, std::as_bytes(std::span{bytes}.first(length)))) ==
          checksum_fold(slow));
  }
}

TEST_CASE("the fix-up word yields each wanted checksum") {
  for (std::uint32_t sum = 0; sum < 0x30000; sum += 4099) {
    for (std::uint32_t wanted = 1; wanted <= 0xffff; wanted += 257) {
      const std::uint16_t fix = checksum_fix(sum, static_cast<std::uint16_t>(wanted));
      REQUIRE(checksum_of(sum + fix + wanted) == 0);
    }
  }
}

TEST_CASE("SipHash-2-4 gives the vectors of its reference implementation") {
  const SipKey key{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL};
  const std::array<std::uint64_t, 3> words{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL,
                                           0x1716151413121110ULL};
  CHECK(siphash(key, {}) == 0x726fdb47dd0e0e31ULL);
  CHECK(siphash(key, std::span{words}.first(1)) == 0x93f5f5799a932462ULL);
  CHECK(siphash(key, std::span{words}.first(2)) == 0x3f2acc7f57c29bdbULL);
  CHECK(siphash(key, words) == 0xb8ad50c6f649af94ULL);
}
