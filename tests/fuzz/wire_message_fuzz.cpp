// Any bytes as a plan, and as each of the small messages: what is accepted is written and read
// again as the same.
#include <cstdlib>

#include "core/wire/plan_message.hpp"
#include "core/wire/session_message.hpp"

namespace {

using namespace isthmus;

template <typename Message, typename Decode, typename Encode>
void check(const Result<Message>& message, const Decode& decode, const Encode& to_bytes) {
  if (message) {
    const auto again = decode(as_bytes(to_bytes(*message)));
    if (!again || !(*again == *message)) {
      std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input = std::as_bytes(std::span{data, size});
  const auto to_bytes = [](const auto& message) { return encode(message); };
  // NaN is no rate, so a plan that passed equals itself.
  check(decode_plan(input), decode_plan, encode_plan);
  check(decode_result_answer(input), decode_result_answer, to_bytes);
  check(decode_time_answer(input), decode_time_answer, to_bytes);
  // Written anew, a string of these may be larger by what the bytes left out, but not past the
  // bound by more than the version field.
  if (size + 16 < kMaxSessionBytes) {
    check(decode_enrol_request(input), decode_enrol_request, to_bytes);
    check(decode_enrol_answer(input), decode_enrol_answer, to_bytes);
  }
  return 0;
}
