// A RIS Live message of any bytes: it is read the same way twice, and one that is malformed hands
// over nothing.
#include <cstdlib>
#include <string>

#include "collector/feed/ris_live_decoder.hpp"

namespace {

using namespace isthmus;
using namespace isthmus::collector;

void expect(bool holds) {
  if (!holds) {
    std::abort();
  }
}

std::string read(RisLiveDecoder& decoder, const std::string& text) {
  std::string said;
  const auto kind = decoder.decode(
      text, TimePoint{},
      [&said](const Route& route, const std::shared_ptr<const VantagePoint>& vantage) {
        said += vantage->to_string() + route.prefix.to_string();
        if (route.attributes != nullptr) {
          expect(!route.attributes->as_path.empty());
          said += route.attributes->as_path.to_string();
        }
      });
  expect(kind != RisLiveDecoder::Kind::Malformed || said.empty());
  expect(said.empty() || kind == RisLiveDecoder::Kind::Update ||
         kind == RisLiveDecoder::Kind::PeerState);
  return said;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text{reinterpret_cast<const char*>(data), size};
  text.reserve(size + RisLiveDecoder::kPadding);
  static RisLiveDecoder used;  // what earlier inputs left in it must not show
  RisLiveDecoder fresh;
  expect(read(used, text) == read(fresh, text));
  return 0;
}
