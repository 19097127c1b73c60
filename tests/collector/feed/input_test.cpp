#include "collector/feed/input.hpp"

#include "tests/support/compress.hpp"
#include "tests/support/scratch_folder.hpp"

using namespace isthmus;
using namespace isthmus::collector;
using namespace isthmus::testing;

TEST_CASE("a file that is not compressed comes as it is") {
  const ScratchFolder folder;
  const std::string content = sample_text(3 << 20, 1);
  const Read read = read_file(folder.file("plain", content));
  CHECK(read.error.empty());
  CHECK(read.content == content);
  CHECK(read.progress.consumed == content.size());
  CHECK(read.progress.total == content.size());
  CHECK(read_file(folder.file("one", "B")).content == "B");
}

TEST_CASE("an empty file, a directory and a missing file are errors that name them") {
  const ScratchFolder folder;
  for (const std::string& path : {folder.file("empty", ""), folder.path(),
                                  folder.path() + "/missing", std::string{"/dev/null"}}) {
    const auto input = open_input(path);
    REQUIRE_FALSE(input);
    CHECK(input.error().message.find(path) == 0);
  }
}

TEST_CASE("gzip files of one member and of several are decompressed") {
  const ScratchFolder folder;
  const std::string one = sample_text(2500000, 2);
  const std::string two = sample_noise(300000, 3);
  const std::string bytes = gzip(one) + gzip({}) + gzip(two);
  for (const std::string& end : {std::string{}, std::string(700, '\0')}) {
    const Read read = read_file(folder.file("x.gz", bytes + end));
    CHECK(read.error.empty());
    CHECK(read.content == one + two);
  }
}

TEST_CASE("zstd files of one frame and of several are decompressed") {
  const ScratchFolder folder;
  const std::string one = sample_text(2500000, 2);
  const std::string two = sample_noise(300000, 3);
  const Read read = read_file(folder.file("x.zst", zstd(one) + zstd({}) + zstd(two)));
  CHECK(read.error.empty());
  CHECK(read.content == one + two);
}

TEST_CASE("foreign bytes behind compressed data are an error behind the data") {
  const ScratchFolder folder;
  const std::string text = sample_text(100000, 4);
  for (const std::string& bytes : {gzip(text) + "foreign", zstd(text) + "foreign"}) {
    const Read read = read_file(folder.file("x", bytes));
    CHECK(read.content == text);
    CHECK_FALSE(read.error.empty());
  }
}

TEST_CASE("a truncated compressed file gives what it has, then an error with its place, for ever") {
  const ScratchFolder folder;
  const std::string text = sample_noise(200000, 5) + sample_text(200000, 6);
  for (const std::string& bytes : {gzip(text), zstd(text)}) {
    for (std::size_t size = 4; size < bytes.size(); size += bytes.size() / 37) {
      const Read read = read_file(folder.file("x", bytes.substr(0, size)));
      CAPTURE(size);
      CHECK(text.compare(0, read.content.size(), read.content) == 0);
      CHECK(read.error.find("too early near compressed byte " + std::to_string(size)) !=
            std::string::npos);
      CHECK(read.same_again);
    }
  }
}

TEST_CASE("a truncated gzip file gives as much as zlib gets out of it") {
  const ScratchFolder folder;
  const std::string text = sample_text(3000000, 7);
  const std::string bytes = gzip(text);
  for (std::size_t size = 20; size < bytes.size(); size += bytes.size() / 23) {
    CAPTURE(size);
    const std::string part = bytes.substr(0, size);
    // A symbol or two may be held back where the bits end.
    CHECK(read_file(folder.file("x.gz", part)).content.size() + 600 >= gunzip_prefix(part).size());
  }
}

TEST_CASE("a flipped bit in gzip or zstd data is an error, and what came before it is right") {
  const ScratchFolder folder;
  const std::string text = sample_noise(3000000, 8);
  for (const std::string& bytes : {gzip(text), zstd(text)}) {
    for (std::size_t at = bytes.size() / 2; at < bytes.size(); at += bytes.size() / 7) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
      const Read read = read_file(folder.file("x", damaged));
      CAPTURE(at);
      CHECK(read.error.find("compressed byte") != std::string::npos);
      CHECK(read.content.size() > text.size() / 4);
      CHECK(text.compare(0, text.size() / 4, read.content, 0, text.size() / 4) == 0);
      CHECK(read.same_again);
    }
  }
}

TEST_CASE("memory comes in chunks of the size that was asked for") {
  const std::string content = sample_noise(1000, 9);
  const auto input = memory_input(as_bytes(content), 300);
  std::string got;
  for (const std::size_t expected : {300U, 300U, 300U, 100U, 0U, 0U}) {
    const auto chunk = input->next();
    REQUIRE(chunk);
    CHECK(chunk->size() == expected);
    got += as_text(*chunk);
  }
  CHECK(got == content);
  CHECK(input->progress().consumed == 1000);
}
