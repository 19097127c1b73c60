#include <cstddef>
#include <cstdint>

#include "collector/detect/detector.hpp"
#include "collector/detect/snapshot.hpp"

/// Whatever stands behind a right header: it is refused, or can be worked with and saved again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace isthmus;
  const collector::Target star{.name = "star",
                               .origins = {Asn{131279}},
                               .prefixes = {Prefix::covering(IpAddress::v4(0xaf2db000), 24)},
                               .known_upstreams = {Asn{4837}}};
  const Bytes input = std::as_bytes(std::span{data, size});
  collector::Detector raw{{star}, {}};
  static_cast<void>(raw.restore(input));
  std::string whole;
  collector::append_snapshot(whole, std::string{as_text(input)});
  collector::Detector detector{{star}, {}};
  if (!detector.restore(as_bytes(whole))) {
    return 0;
  }
  constexpr TimePoint kNow{std::chrono::sys_days{std::chrono::year{2020} / 1 / 1}};
  static_cast<void>(detector.status(kNow));
  detector.advance(kNow);
  std::string again;
  detector.save(again);
  collector::Detector other{{star}, {}};
  if (!other.restore(as_bytes(again))) {
    __builtin_trap();
  }
  return 0;
}
