#pragma once

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "tool/scenario.hpp"

namespace isthmus::tool {

/// A folder that goes away with the test.
struct TestFolder {
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "isthmus-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~TestFolder() { std::filesystem::remove_all(path); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  [[nodiscard]] std::string bytes_of(const std::string& name) const {
    std::ifstream file{path / name, std::ios::binary};
    REQUIRE(file.is_open());
    return {std::istreambuf_iterator<char>{file}, {}};
  }

  std::filesystem::path path;
};

/// The lines that `bgpdump -m` makes of a file, each cut at its bars.
inline std::vector<std::vector<std::string>> bgpdump_lines(const std::filesystem::path& file) {
  FILE* pipe = ::popen(("bgpdump -q -m '" + file.string() + "' 2>/dev/null").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  std::array<char, 4096> chunk{};
  for (std::size_t got = 1; got > 0;) {
    got = std::fread(chunk.data(), 1, chunk.size(), pipe);
    text.append(chunk.data(), got);
  }
  REQUIRE(::pclose(pipe) == 0);
  std::vector<std::vector<std::string>> lines;
  std::vector<std::string> fields(1);
  for (const char each : text) {
    if (each == '\n') {
      lines.push_back(std::exchange(fields, std::vector<std::string>(1)));
    } else if (each == '|') {
      fields.emplace_back();
    } else {
      fields.back() += each;
    }
  }
  return lines;
}

}  // namespace isthmus::tool
