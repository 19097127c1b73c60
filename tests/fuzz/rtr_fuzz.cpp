// What an RTR cache sends, of any bytes and in any pieces: every byte is accounted for, the pieces
// do not matter, and memory is bounded by the input.
#include <cstdlib>

#include "collector/feed/rtr_session.hpp"

namespace {

using namespace isthmus;
using namespace isthmus::collector;

void expect(bool holds) {
  if (!holds) {
    std::abort();
  }
}

std::vector<Vrp> read(Bytes bytes, std::size_t piece) {
  std::size_t sent = 0;
  RtrSession session{[&sent](Bytes query) { sent += query.size(); }};
  const TimePoint now{};
  session.connected(now);
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    session.receive(bytes.subspan(at, std::min(piece, bytes.size() - at)), now);
  }
  const ByteAccount account = session.account();
  std::uint64_t sum = account.decoded + account.left_over;
  for (const auto& [reason, count] : account.skipped) {
    sum += count;
  }
  expect(account.total == bytes.size() && sum == account.total);
  expect(sent <= 12 * (bytes.size() + 1));
  if (!session.table()) {
    return {};
  }
  expect(session.table()->size() <= bytes.size() / 20);
  return session.table()->vrps();
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
