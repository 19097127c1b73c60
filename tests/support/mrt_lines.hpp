#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collector/feed/bgpdump_text.hpp"
#include "collector/feed/mrt_reader.hpp"

namespace isthmus::testing {

/// All that an archive says, as the lines of `bgpdump -m`, and what became of its bytes.
struct ArchiveText {
  std::vector<std::string> lines;
  collector::ByteAccount account;

  /// The bytes that ended in one of the account's three sums.
  [[nodiscard]] std::uint64_t accounted() const {
    std::uint64_t sum = account.decoded + account.left_over;
    for (const auto& [reason, bytes] : account.skipped) {
      sum += bytes;
    }
    return sum;
  }
  [[nodiscard]] std::uint64_t skipped(std::string_view reason) const {
    const auto found = account.skipped.find(reason);
    return found == account.skipped.end() ? 0 : found->second;
  }
};

inline ArchiveText read_archive(const std::string& bytes, collector::MrtReader::Options options,
                                std::size_t chunk = std::size_t{1} << 20) {
  collector::MrtReader reader{collector::memory_input(as_bytes(bytes), chunk), "test",
                              std::move(options)};
  collector::BgpdumpText text{collector::BgpdumpText::Form::Full};
  ArchiveText result;
  while (const collector::MrtElement* element = reader.next_element()) {
    std::string line;
    text.append(line, *element);
    line.pop_back();
    result.lines.push_back(std::move(line));
  }
  result.account = reader.account();
  return result;
}

inline ArchiveText read_archive(const std::string& bytes,
                                std::size_t chunk = std::size_t{1} << 20) {
  return read_archive(bytes, collector::MrtReader::Options{}, chunk);
}

}  // namespace isthmus::testing
