#include "collector/record/csv.hpp"

#include "tests/collector/record/samples.hpp"

using namespace isthmus;             // NOLINT(google-build-using-namespace)
using namespace isthmus::collector;  // NOLINT(google-build-using-namespace)

namespace {

/// Takes one field of RFC 4180 off the front, without what ends it.
std::string take_field(std::string_view& text) {
  if (!text.starts_with('"')) {
    std::string field{text.substr(0, text.find_first_of(",\r\n\""))};
    text.remove_prefix(field.size());
    return field;
  }
  std::string field;
  text.remove_prefix(1);
  while (true) {
    const std::size_t quote = text.find('"');
    REQUIRE(quote != std::string_view::npos);
    field += text.substr(0, quote);
    text.remove_prefix(quote + 1);
    if (!text.starts_with('"')) {
      return field;
    }
    field += '"';
    text.remove_prefix(1);
  }
}

/// Reads RFC 4180 strictly: rows of fields; fails the test on anything else.
std::vector<std::vector<std::string>> read_csv(std::string_view text) {
  std::vector<std::vector<std::string>> rows;
  while (!text.empty()) {
    std::vector<std::string>& row = rows.emplace_back();
    row.push_back(take_field(text));
    while (text.starts_with(',')) {
      text.remove_prefix(1);
      row.push_back(take_field(text));
    }
    REQUIRE(text.starts_with("\r\n"));
    text.remove_prefix(2);
  }
  return rows;
}

template <typename T>
std::string csv_of(const T& value) {
  std::string text = csv_header<T>();
  append_csv(text, value);
  return text;
}

std::string column(const std::vector<std::vector<std::string>>& rows, const std::string& name) {
  const auto found = std::find(rows[0].begin(), rows[0].end(), name);
  REQUIRE(found != rows[0].end());
  return rows[1][static_cast<std::size_t>(found - rows[0].begin())];
}

}  // namespace

TEST_CASE("an interval is a line of CSV below the names of its columns") {
  CHECK(csv_of(sample_interval()) ==
        "target,prefix,vantage_plane,vantage_source,vantage_address,vantage_asn,verdict,upstream,"
        "path,from,until\r\n"
        "kp,175.45.176.0/24,control,rrc00,2001:db8::1,64496,upstream,4837,64496 4837 131279,"
        "2017-10-01T00:00:00Z,\r\n");
}

TEST_CASE("commas, quotes and line ends in a text stay in their field of CSV") {
  const auto rows = read_csv(csv_of(sample_observation()));
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].size() == rows[1].size());
  CHECK(column(rows, "target") == sample_observation().target);
  CHECK(column(rows, "raw_path") == "64496 {20485,4837} 131279");
  CHECK(column(rows, "upstreams") == "[20485,4837]");
  CHECK(column(rows, "reasons") == R"(["gap","via_ixp"])");
  CHECK(column(rows, "evidence_id") == "fedcba9876543210");
  CHECK(column(rows, "trace").find(R"("rtt_us":212345)") != std::string::npos);
}

TEST_CASE("an event's nested members stand flat in CSV") {
  const auto rows = read_csv(csv_of(sample_event()));
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].size() == rows[1].size());
  CHECK(column(rows, "upstream_asn") == "20485");
  CHECK(column(rows, "upstream_name") == "TTK \\ TransTeleCom");
  CHECK(column(rows, "share") == "0.30000000000000004");
  CHECK(column(rows, "summary") == sample_event().summary);
  CHECK(column(rows, "score_terms").front() == '[');
  CHECK(column(rows, "amends") == *sample_event().amends);
  CHECK(read_csv(csv_of(Event{})).at(1).size() == rows[0].size());
}
