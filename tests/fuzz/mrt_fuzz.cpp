// An archive of any bytes: each byte is decoded, skipped or left over, whatever the size of the
// chunks, and every element can be printed.
#include <cstdlib>
#include <string>

#include "collector/feed/bgpdump_text.hpp"
#include "collector/feed/json_text.hpp"
#include "collector/feed/mrt_reader.hpp"

namespace {

using namespace isthmus;
using namespace isthmus::collector;

void expect(bool holds) {
  if (!holds) {
    std::abort();
  }
}

ByteAccount read(Bytes bytes, std::size_t chunk, Detail detail) {
  MrtReader::Options options;
  options.source = "fuzz";
  options.detail = detail;
  MrtReader reader{memory_input(bytes, chunk), "fuzz", options};
  BgpdumpText full{BgpdumpText::Form::Full};
  BgpdumpText brief{BgpdumpText::Form::Short};
  std::string text;
  std::uint64_t elements = 0;
  while (const MrtElement* element = reader.next_element()) {
    text.clear();
    full.append(text, *element);
    brief.append(text, *element);
    append_json(text, *element);
    expect(element->route.vantage != nullptr);
    ++elements;
  }
  const ByteAccount& account = reader.account();
  std::uint64_t sum = account.decoded + account.left_over;
  for (const auto& [reason, count] : account.skipped) {
    sum += count;
  }
  expect(account.total == bytes.size());
  expect(sum == account.total);
  expect(account.elements == elements);
  // A prefix takes a byte of input at least.
  expect(elements <= bytes.size());
  return account;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::size_t chunk = data[0] == 0 ? size : data[0];
  const Bytes bytes = std::as_bytes(std::span{data, size}).subspan(1);
  const ByteAccount whole = read(bytes, bytes.size(), Detail::Everything);
  const ByteAccount pieces = read(bytes, chunk, Detail::Everything);
  expect(whole.decoded == pieces.decoded && whole.skipped == pieces.skipped &&
         whole.elements == pieces.elements && whole.first_errors == pieces.first_errors);
  read(bytes, chunk, Detail::Paths);
  return 0;
}
