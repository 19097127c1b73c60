#pragma once

#include <cstddef>
#include <string>

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"

namespace isthmus {

/// A protobuf message from at most `limit` bytes. For the sources of this folder only: what is
/// handed on is free of protobuf.
template <typename Message>
Result<Message> parse_message(Bytes input, std::size_t limit) {
  if (input.size() > limit) {
    return fail("more than " + std::to_string(limit) + " bytes");
  }
  Message message;
  if (!message.ParseFromArray(input.data(), static_cast<int>(input.size()))) {
    return fail("this is no such protobuf message");
  }
  return message;
}

}  // namespace isthmus
