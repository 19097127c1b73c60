// A BMP stream of any bytes: each byte is decoded, skipped or left over, and the pieces in which it
// arrives do not matter.
#include <cstdlib>
#include <string>

#include "collector/feed/bmp_session.hpp"

namespace {

using namespace isthmus;
using namespace isthmus::collector;

void expect(bool holds) {
  if (!holds) {
    std::abort();
  }
}

std::string read(Bytes bytes, std::size_t piece) {
  std::string said;
  std::uint64_t elements = 0;
  BmpSession::Options options;
  options.name = "fuzz";
  options.origins = {Asn{131279}};
  options.max_peers = 16;
  BmpSession session{options, [&](const BmpElement& element) {
                       expect(element.route.vantage == element.vantage.get());
                       said += std::to_string(static_cast<int>(element.route.kind)) +
                               element.vantage->to_string() + element.route.prefix.to_string();
                       if (element.route.attributes != nullptr) {
                         said += element.route.attributes->as_path.to_string();
                       }
                       elements += element.route.kind == RouteKind::Announce ||
                                           element.route.kind == RouteKind::Withdraw
                                       ? 1U
                                       : 0U;
                     }};
  const TimePoint now{std::chrono::seconds{1506848871}};
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    session.receive(bytes.subspan(at, std::min(piece, bytes.size() - at)), now);
  }
  const ByteAccount account = session.account();
  std::uint64_t sum = account.decoded + account.left_over;
  for (const auto& [reason, count] : account.skipped) {
    sum += count;
  }
  expect(account.total == bytes.size());
  expect(sum == account.total);
  expect(elements == session.counters().elements);
  expect(session.peers().size() <= options.max_peers);
  return said;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const Bytes bytes = std::as_bytes(std::span{data, size}).subspan(1);
  expect(read(bytes, bytes.size() + 1) == read(bytes, std::size_t{data[0]} + 1));
  return 0;
}
