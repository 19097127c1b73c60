#include "tests/support/compress.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/test_paths.hpp"

using namespace isthmus;
using namespace isthmus::collector;
using namespace isthmus::testing;

namespace {

constexpr std::size_t kBlock = 900000;  // symbols of a block at level 9

}  // namespace

TEST_CASE("bzip2 blocks that were decompressed side by side make up the file") {
  const ScratchFolder folder;
  const auto [what, text] = GENERATE(table<const char*, std::string>({
      {"noise", sample_noise(4 * kBlock, 1)},
      {"text", sample_text(4 * kBlock, 2)},
      {"one long run", std::string(60000000, 'x')},
      {"the magic of a block, again and again",
       [] {
         std::string magic;
         for (int i = 0; i < 200000; ++i) {
           magic += "\x31\x41\x59\x26\x53\x59\x17\x72\x45\x38\x50\x90";
         }
         return magic;
       }()},
      {"one byte", "x"},
  }));
  CAPTURE(what);
  for (const int level : {1, 9}) {
    const Read read = read_file(folder.file("x.bz2", bzip2(text, level)));
    CHECK(read.error.empty());
    CHECK((read.content == text));
  }
}

TEST_CASE("bzip2 files of several streams are decompressed, empty ones among them") {
  const ScratchFolder folder;
  const std::string one = sample_text(kBlock + 5, 3);
  const std::string two = sample_noise(1000, 4);
  const Read read = read_file(
      folder.file("x.bz2", bzip2({}) + bzip2(one) + bzip2({}) + bzip2(two, 1) + bzip2({})));
  CHECK(read.error.empty());
  CHECK((read.content == one + two));
  const Read empty = read_file(folder.file("y.bz2", bzip2({})));
  CHECK(empty.error.empty());
  CHECK(empty.content.empty());
}

TEST_CASE("a truncated bzip2 file gives its whole blocks, then an error with its place, for ever") {
  const ScratchFolder folder;
  const std::string text = sample_noise(500000, 5);
  const std::string bytes = bzip2(text, 1);
  for (std::size_t size = 4; size < bytes.size(); size += bytes.size() / 29) {
    CAPTURE(size);
    const Read read = read_file(folder.file("x.bz2", bytes.substr(0, size)));
    CHECK((text.compare(0, read.content.size(), read.content) == 0));
    // A block of level 1 holds 100,000 bytes less a few; noise does not shrink.
    CHECK(read.content.size() + 110000 >= size * text.size() / bytes.size());
    CHECK(read.error.find("compressed byte " + std::to_string(size)) != std::string::npos);
    CHECK(read.same_again);
  }
}

TEST_CASE("a flipped bit in bzip2 data is an error, and the blocks before it are delivered") {
  const ScratchFolder folder;
  const std::string text = sample_noise(1000000, 6);
  const std::string bytes = bzip2(text, 1);
  for (std::size_t at = 60; at < bytes.size(); at += bytes.size() / 23) {
    CAPTURE(at);
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x04);
    const Read read = read_file(folder.file("x.bz2", damaged));
    CHECK(read.error.find("compressed byte") != std::string::npos);
    CHECK((text.compare(0, read.content.size(), read.content) == 0));
    CHECK(read.content.size() + 110000 >= at * text.size() / bytes.size());
    CHECK(read.same_again);
  }
}

TEST_CASE("a wrong checksum of a bzip2 stream is an error behind all its blocks") {
  const ScratchFolder folder;
  const std::string text = sample_noise(250000, 7);
  std::string bytes = bzip2(text, 1);
  const std::size_t at = bytes.size() - 3;
  bytes[at] = static_cast<char>(bytes[at] ^ 0x40);
  for (const std::string& behind : {std::string{}, bzip2("more")}) {
    const Read read = read_file(folder.file("x.bz2", bytes + behind));
    CHECK(read.error.find("checksum") != std::string::npos);
    CHECK((read.content == text));
  }
}

TEST_CASE("foreign bytes behind bzip2 data are an error behind the data") {
  const ScratchFolder folder;
  const std::string text = sample_text(1000, 8);
  const Read read = read_file(folder.file("x.bz2", bzip2(text) + "foreign"));
  CHECK((read.content == text));
  CHECK_FALSE(read.error.empty());
}

TEST_CASE("an input that is not read to its end stops its threads") {
  const ScratchFolder folder;
  const std::string path = folder.file("x.bz2", bzip2(sample_noise(5 * kBlock, 9), 1));
  for (int reads = 0; reads < 4; ++reads) {
    const auto input = open_input(path);
    REQUIRE(input);
    for (int i = 0; i < reads; ++i) {
      CHECK((*input)->next());
    }
  }
}

TEST_CASE("the real archives decompress to what libbz2 makes of them") {
  const std::string path =
      std::string{test::shared_data()} + "/mrt/libbgpstream/updates.example.bz2";
  std::FILE* const file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    WARN("skipped: no shared data");
    return;
  }
  int error = BZ_OK;
  BZFILE* const stream = BZ2_bzReadOpen(&error, file, 0, 0, nullptr, 0);
  std::string expected(std::size_t{32} << 20, '\0');
  const int size = BZ2_bzRead(&error, stream, expected.data(), static_cast<int>(expected.size()));
  CHECK(error == BZ_STREAM_END);
  BZ2_bzReadClose(&error, stream);
  std::fclose(file);
  expected.resize(static_cast<std::size_t>(size));
  CHECK((read_file(path).content == expected));
}
