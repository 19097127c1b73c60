#include "probe/output/network_names.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <zlib.h>

using namespace isthmus;
using namespace isthmus::probe;

namespace {

/// A folder of its own that goes away with the test.
class Folder {
 public:
  Folder()
      : path_{std::filesystem::temp_directory_path() /
              ("network_names." + std::to_string(getpid()))} {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] std::string write(const std::string& name, const std::string& text) const {
    std::ofstream{path_ / name} << text;
    return path_ / name;
  }
  [[nodiscard]] std::string path(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace

TEST_CASE("each form of an origin table is told from its first line") {
  const Folder folder;
  const auto* text = GENERATE("# pfx2as\n175.45.176.0\t22\t131279\n2001:db8::\t32\t64500\n",
                              "start,end,asn\n175.45.176.0,175.45.179.255,131279\n"
                              "2001:db8::,2001:db8:ffff:ffff:ffff:ffff:ffff:ffff,64500\n",
                              "175.45.176.0\t175.45.179.255\t131279\n"
                              "2001:db8::\t2001:db8:ffff:ffff:ffff:ffff:ffff:ffff\t64500\n",
                              "175.45.176.0/22,131279\n2001:db8::/32,64500\n");
  CAPTURE(text);
  const auto loaded = load_network_names(folder.write("table", text), "");
  REQUIRE(loaded);
  CHECK_FALSE(loaded->origins.lossy());
  CHECK(loaded->names.describe(IpAddress::parse("175.45.177.1").value()) == "AS131279");
  CHECK(loaded->names.describe(IpAddress::parse("2001:db8::1").value()) == "AS64500");
  CHECK(loaded->names.describe(IpAddress::parse("192.0.2.1").value()).empty());
}

TEST_CASE("a network is named with its AS, and each of several origins by its number") {
  const Folder folder;
  const auto loaded = load_network_names(
      folder.write("table", "192.0.2.0\t24\t64500\n198.51.100.0\t24\t64500_64501\n"),
      folder.write("names", "64500 EXAMPLE Example Carrier, ZZ\n"));
  REQUIRE(loaded);
  CHECK(loaded->names.describe(IpAddress::v4(0xc0000201)) == "AS64500 EXAMPLE Example Carrier, ZZ");
  CHECK(loaded->names.describe(IpAddress::v4(0xc6336401)) == "AS64500 AS64501");
}

TEST_CASE("a gzipped table is read, and a damaged one refused") {
  const Folder folder;
  const std::string path = folder.path("table.gz");
  gzFile file = gzopen(path.c_str(), "wb");
  std::string text;
  for (int i = 0; i < 250; ++i) {
    text += "10." + std::to_string(i) + ".0.0\t16\t" + std::to_string(64500 + i * 37) + "\n";
  }
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  CHECK(load_network_names(path, "").value().origins.used == 250);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  const auto damaged = load_network_names(path, "");
  REQUIRE_FALSE(damaged);
  CHECK(damaged.error().message.find(path) == 0);
}

TEST_CASE("a file that is missing, empty or something else is an error that names it") {
  const Folder folder;
  for (const std::string& path :
       {folder.path("none"), folder.write("empty", ""), folder.write("other", "hello\nworld\n")}) {
    const auto loaded = load_network_names(path, "");
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().message.find(path) == 0);
  }
}

TEST_CASE("a damaged line is counted, and the rest is used") {
  const Folder folder;
  const auto loaded =
      load_network_names(folder.write("table", "192.0.2.0\t24\t64500\nnothing\n"), "");
  REQUIRE(loaded);
  CHECK(loaded->origins.refused == 1);
  CHECK(loaded->origins.used == 1);
}
