#include "core/runtime/journal_file.hpp"

#include <filesystem>
#include <fstream>

#include "tests/support/scratch_folder.hpp"

using namespace isthmus;
using isthmus::testing::ScratchFolder;

namespace {

constexpr std::string_view kHead = "TESTHEAD";

std::vector<std::string> records_of(const std::string& path, JournalScan& scan) {
  std::vector<std::string> records;
  const auto journal = JournalFile::open(
      path, kHead, [&](const JournalRecord& each) { records.emplace_back(as_text(each.payload)); },
      scan);
  REQUIRE(journal);
  return records;
}

}  // namespace

TEST_CASE("CRC32C is that of RFC 3720, in one piece or several") {
  CHECK(crc32c(as_bytes("123456789")) == 0xe3069283);
  CHECK(crc32c(as_bytes("56789"), crc32c(as_bytes("1234"))) == 0xe3069283);
  CHECK(crc32c(as_bytes(std::string(32, '\0'))) == 0x8a9136aa);
}

TEST_CASE("records come back in order, and by their offsets") {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/journal";
  std::vector<std::uint64_t> offsets;
  std::vector<std::string> written;
  {
    auto journal = JournalFile::create(path, kHead);
    REQUIRE(journal);
    for (std::size_t i = 0; i < 300; ++i) {
      written.emplace_back(i * i % 20'000, static_cast<char>(i));
      const auto offset = journal->append(as_bytes(written.back()));
      REQUIRE(offset);
      offsets.push_back(*offset);
    }
    REQUIRE(journal->sync());
  }
  JournalScan scan;
  CHECK(records_of(path, scan) == written);
  CHECK(scan.records == 300);
  CHECK(scan.torn_bytes == 0);
  const auto journal = JournalFile::open_to_read(path, kHead);
  REQUIRE(journal);
  for (std::size_t i = 0; i < offsets.size(); i += 7) {
    CHECK(journal->read(offsets[i]) == written[i]);
  }
  CHECK_FALSE(journal->read(offsets[5] + 1));
  CHECK_FALSE(journal->read(journal->size()));
}

TEST_CASE("whatever its end looks like, a journal is good up to its last whole record") {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/journal";
  std::string whole;
  {
    auto journal = JournalFile::create(path, kHead);
    REQUIRE(journal);
    for (const char* each : {"one", "two", "three"}) {
      REQUIRE(journal->append(as_bytes(each)));
    }
    whole = read_small_file(path, 1'000).value();
  }
  for (std::size_t size = kHead.size(); size < whole.size(); ++size) {
    for (const std::string& tail : {std::string{}, std::string(20, '\0'), std::string(9, '\xff')}) {
      INFO(size << " bytes, then " << tail.size());
      std::ofstream{path, std::ios::binary | std::ios::trunc} << whole.substr(0, size) << tail;
      JournalScan scan;
      const auto records = records_of(path, scan);
      REQUIRE(records.size() < 3);
      REQUIRE(scan.bytes + scan.torn_bytes == size + tail.size());
      REQUIRE(std::filesystem::file_size(path) == scan.bytes);
      // And it can be appended to.
      auto journal = JournalFile::open(
          path, kHead, [](const JournalRecord&) {}, scan);
      REQUIRE(journal->append(as_bytes("four")));
      REQUIRE(records_of(path, scan).back() == "four");
    }
  }
}

TEST_CASE("a flipped bit anywhere is found") {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/journal";
  std::string whole;
  {
    auto journal = JournalFile::create(path, kHead);
    REQUIRE(journal->append(as_bytes("only")));
    whole = read_small_file(path, 1'000).value();
  }
  for (std::size_t at = kHead.size(); at < whole.size(); ++at) {
    std::string spoilt = whole;
    spoilt[at] = static_cast<char>(spoilt[at] ^ 0x10);
    std::ofstream{path, std::ios::binary | std::ios::trunc} << spoilt;
    JournalScan scan;
    CHECK(records_of(path, scan).empty());
  }
  std::ofstream{path, std::ios::binary | std::ios::trunc} << "OTHER" << whole;
  CHECK_FALSE(JournalFile::open_to_read(path, kHead));
}

TEST_CASE("a file that is replaced is old or new") {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/file";
  REQUIRE(write_file_atomically(path, "old"));
  REQUIRE(write_file_atomically(path, "new"));
  CHECK(read_small_file(path, 3) == "new");
  CHECK_FALSE(read_small_file(path, 2));
  CHECK_FALSE(write_file_atomically(folder.path() + "/absent/file", "x"));
}
