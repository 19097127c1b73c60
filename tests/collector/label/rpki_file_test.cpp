#include "collector/label/rpki_file.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/test_paths.hpp"

using namespace isthmus;
using namespace isthmus::collector;

namespace {

struct Reading {
  std::vector<Vrp> vrps;
  AspaTable aspas;
  LineAccount account;
};

Reading read(std::string_view text) {
  Reading reading;
  reading.account = parse_rpki_json(text, reading.vrps, reading.aspas);
  const LineAccount& account = reading.account;
  CHECK(account.used + account.passed + account.refused == account.lines);
  return reading;
}

}  // namespace

TEST_CASE("rpki-client's JSON gives VRPs and ASPA objects") {
  const Reading reading = read(
      R"({"metadata":{"buildmachine":"x","roas":1},"roas":[
      {"asn":131279,"prefix":"175.45.176.0/22","maxLength":22,"ta":"apnic","expires":1}],
      "bgpsec_keys":[],
      "aspas":[{"customer_asid":131279,"expires":1,"providers":[4837,20485]},
               {"customer_asid":131279,"providers":[134544]},{"customer_asid":7,"providers":[0]}]})");
  CHECK(reading.account.used == 4);
  // North Korea's first ROA made its own four routes invalid: 18 March 2025.
  const VrpTable table{reading.vrps};
  CHECK(table.validate(*Prefix::parse("175.45.176.0/22"), Asn{131279}) == RpkiState::Valid);
  CHECK(table.validate(*Prefix::parse("175.45.176.0/24"), Asn{131279}) == RpkiState::Invalid);
  CHECK(reading.aspas.size() == 2);
  CHECK(reading.aspas.check(Asn{131279}, Asn{20485}) == AspaAnswer::Provider);
  CHECK(reading.aspas.check(Asn{131279}, Asn{134544}) == AspaAnswer::Provider);
  CHECK(reading.aspas.check(Asn{131279}, Asn{666}) == AspaAnswer::NotProvider);
  CHECK(reading.aspas.check(Asn{4837}, Asn{666}) == AspaAnswer::NoAttestation);
  CHECK(reading.aspas.check(Asn{7}, Asn{0}) == AspaAnswer::NotProvider);
  CHECK(reading.aspas.providers(Asn{131279}).size() == 3);
}

TEST_CASE("older JSON of rpki-client keeps ASPA objects by family") {
  const Reading reading = read(
      R"({"roas":[],"provider_authorizations":{"ipv4":[{"customer_asid":1,"providers":[2]}],"ipv6":[{"customer_asid":1,"providers":[3]}]}})");
  CHECK(reading.aspas.providers(Asn{1}).size() == 2);
}

TEST_CASE("objects that say what cannot be are refused") {
  const std::string_view vrp = GENERATE(
      R"({"asn":1,"prefix":"1.0.0.0/24","maxLength":23})",
      R"({"asn":1,"prefix":"1.0.0.0/24","maxLength":33})",
      R"({"asn":1,"prefix":"1.0.0.0/24","maxLength":-1})",
      R"({"asn":1,"prefix":"1.0.0.0/24","maxLength":"24"})", R"({"asn":"x","prefix":"1.0.0.0/24"})",
      R"({"asn":1,"prefix":"1.0.0.1/24"})", R"({"prefix":"1.0.0.0/24"})", "7");
  const Reading reading = read("{\"roas\":[" + std::string{vrp} + "]}");
  CHECK(reading.vrps.empty());
  CHECK(reading.account.refused == 1);
}

TEST_CASE("what is no output of a validator is refused") {
  for (const std::string_view text : {"", "[]", "{", "{}", R"({"roas":{}})", "ASN,IP Prefix"}) {
    CHECK(read(text).account.refused == 1);
  }
}

TEST_CASE("Routinator's own test outputs are read", "[shared]") {
  const std::string data{test::shared_data()};
  if (data.empty()) {
    WARN("no shared data here: skipped");
    return;
  }
  std::size_t files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator{data + "/rpki/routinator/test/output"}) {
    const auto extension = entry.path().extension();
    if (extension != ".json" && extension != ".jsonext") {
      continue;
    }
    ++files;
    std::ostringstream text;
    text << std::ifstream{entry.path()}.rdbuf();
    INFO(entry.path());
    const Reading reading = read(text.str());
    // The name says what is in: origins, router keys, ASPA.
    const std::string name = entry.path().stem().string();
    CHECK_FALSE(reading.account.lossy());
    CHECK(reading.vrps.size() == (name[0] == '1' ? 2U : 0U));
    CHECK(reading.aspas.size() == (name[2] == '1' ? 1U : 0U));
  }
  CHECK(files >= 10);
}
