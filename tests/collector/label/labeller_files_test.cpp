#include "collector/label/labeller_files.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <stdlib.h>
#include <zlib.h>

using namespace isthmus;
using namespace isthmus::collector;

namespace {

/// A folder of this test's own, gone at its end.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "isthmus-label-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] std::string write(const std::string& name, const std::string& text) const {
    std::ofstream{path_ / name, std::ios::binary} << text;
    return (path_ / name).string();
  }
  [[nodiscard]] std::string write_gzip(const std::string& name, const std::string& text) const {
    const std::string path = (path_ / name).string();
    gzFile file = gzopen(path.c_str(), "wb");
    REQUIRE(file != nullptr);
    REQUIRE(gzwrite(file, text.data(), static_cast<unsigned>(text.size())) ==
            static_cast<int>(text.size()));
    gzclose(file);
    return path;
  }

 private:
  std::filesystem::path path_;
};

/// Hands over one prefix that each of the given peer ASes has from the origin.
class OnePrefix : public RouteSource {
 public:
  OnePrefix(std::uint32_t peers, const char* path) : peers_{peers} {
    attributes_.as_path = AsPath::parse(path).value();
  }
  const Route* next() override {
    if (count_ == peers_) {
      return nullptr;
    }
    vantage_.asn = Asn{++count_};
    route_.kind = RouteKind::Table;
    route_.time = TimePoint{std::chrono::seconds{1'400'000'000}};
    route_.vantage = &vantage_;
    route_.attributes = &attributes_;
    route_.prefix = Prefix::parse("20.0.0.0/16").value();
    return &route_;
  }
  [[nodiscard]] const ByteAccount& account() const override { return account_; }

 private:
  std::uint32_t peers_;
  std::uint32_t count_ = 0;
  VantagePoint vantage_;
  RouteAttributes attributes_;
  Route route_;
  ByteAccount account_;
};

std::string source_of(const Labeller& labeller, const char* address) {
  return std::string{labeller.label(IpAddress::parse(address).value()).source};
}

}  // namespace

TEST_CASE("files of every kind, plain or compressed, come together in one labeller") {
  const Folder folder;
  LabelFiles files;
  files.overrides = {folder.write("overrides", "20.0.0.0/24,1\n")};
  files.pfx2as = {folder.write_gzip("v4.gz", "21.0.0.0\t16\t2\n"),
                  folder.write("v6", "2a00::\t16\t3\nodd\n")};
  files.csv = {folder.write("csv", "22.0.0.0,22.0.0.255,4\n")};
  files.as_names = {folder.write("names", "2 TWO\n")};
  OnePrefix dump{2, "7 5"};
  std::vector<LabelFileReport> reports;
  const auto labeller = load_labeller(files, &dump, &reports);
  REQUIRE(labeller);
  CHECK(source_of(*labeller, "20.0.0.1") == "override");
  CHECK(source_of(*labeller, "20.0.1.1") == "mrt");
  CHECK(source_of(*labeller, "21.0.1.1") == "pfx2as");
  CHECK(source_of(*labeller, "2a00::1") == "pfx2as");
  CHECK(source_of(*labeller, "22.0.0.1") == "csv");
  CHECK(labeller->as_name(Asn{2}) == "TWO");
  REQUIRE(reports.size() == 5);
  CHECK(reports[2].path == files.pfx2as[1]);
  CHECK(reports[2].account.used == 1);
  CHECK(reports[2].account.refused == 1);
}

TEST_CASE("the version of a file is the digest of what is in it, however it is compressed") {
  const Folder folder;
  const std::string text = "21.0.0.0\t16\t2\n";
  LabelFiles plain;
  plain.pfx2as = {folder.write("plain", text)};
  LabelFiles compressed;
  compressed.pfx2as = {folder.write_gzip("compressed", text)};
  const auto first = load_labeller(plain);
  const auto second = load_labeller(compressed);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->versions() == second->versions());
  // printf '21.0.0.0\t16\t2\n' | sha256sum
  CHECK(first->versions().back() == NamedValue{"pfx2as", "sha256:0bf0e01414f8"});
}

TEST_CASE("the version of a table dump is the time of its newest route") {
  OnePrefix dump{1, "7 5"};
  const auto labeller = load_labeller({}, &dump);
  REQUIRE(labeller);
  CHECK(labeller->versions().back() == NamedValue{"mrt", "2014-05-13T16:53:20Z"});
}

TEST_CASE("without files only the special-purpose registry is in force") {
  const auto labeller = load_labeller({});
  REQUIRE(labeller);
  REQUIRE(labeller->versions().size() == 1);
  CHECK(labeller->versions()[0].name == "special");
}

TEST_CASE("a file that is missing, of another kind, or torn is an error that names it") {
  const Folder folder;
  LabelFiles files;
  std::string torn;
  {
    // Random digits do not compress away, so that half of the file is half of the stream.
    std::string text;
    for (unsigned i = 0; i < 20000; ++i) {
      text += std::to_string(i * 2654435761U % 223) + "." + std::to_string(i % 251) + ".0.0\t16\t" +
              std::to_string(i * 40503U) + "\n";
    }
    torn = folder.write_gzip("torn.gz", text);
    std::filesystem::resize_file(torn, std::filesystem::file_size(torn) / 2);
  }
  for (const std::string& path :
       {std::string{"/nonexistent/pfx2as"}, folder.write("kind", "{\"a\": 1}\n"), torn}) {
    CAPTURE(path);
    files.pfx2as = {path};
    const auto labeller = load_labeller(files);
    REQUIRE_FALSE(labeller);
    CHECK(labeller.error().message.find(path) != std::string::npos);
  }
}

TEST_CASE("a table dump without any origin is an error") {
  OnePrefix empty{0, "7 5"};
  CHECK_FALSE(load_labeller({}, &empty));
  OnePrefix no_path{3, ""};
  CHECK_FALSE(load_labeller({}, &no_path));
}
