#include "collector/feed/probe_registry.hpp"

#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "collector/feed/authority.hpp"
#include "collector/feed/private_file.hpp"
#include "core/runtime/tls.hpp"
#include "tests/support/scratch_folder.hpp"

using namespace isthmus;
using namespace isthmus::collector;
using isthmus::testing::ScratchFolder;
using namespace std::chrono_literals;

namespace {

const TimePoint kNow{std::chrono::sys_days{std::chrono::year{2026} / 11 / 25}};

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777U;
}

std::string content_of(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

TEST_CASE("an authority is made once, and readable by its owner alone") {
  const ScratchFolder scratch;
  const std::string folder = scratch.path() + "/authority";
  const auto made = CertificateAuthority::open(folder, kNow);
  REQUIRE(made);
  CHECK(mode_of(folder) == 0700);
  CHECK(mode_of(folder + "/authority.key") == 0600);
  const auto again = CertificateAuthority::open(folder, kNow);
  REQUIRE(again);
  CHECK(again->fingerprint() == made->fingerprint());
  CHECK(made->fingerprint().size() == 64);
  REQUIRE(::chmod((folder + "/authority.key").c_str(), 0644) == 0);
  const auto open_key = CertificateAuthority::open(folder, kNow);
  REQUIRE_FALSE(open_key);
  CHECK(open_key.error().message.find("chmod 600") != std::string::npos);
}

TEST_CASE("a probe's certificate names the probe and nothing that it asked for") {
  const ScratchFolder scratch;
  const auto authority = CertificateAuthority::open(scratch.path() + "/authority", kNow);
  REQUIRE(authority);
  const auto asked = make_key_and_request("another-name");
  REQUIRE(asked);
  const auto issued = authority->issue_probe(asked->request, "tokyo-1", kNow);
  REQUIRE(issued);
  const auto read = read_certificate(issued->certificate);
  REQUIRE(read);
  CHECK(read->uris == std::vector<std::string>{"isthmus://probe/tokyo-1"});
  CHECK(read->subject == "CN=tokyo-1");
  CHECK(read->serial == issued->serial);
  CHECK(read->not_after == kNow + CertificateAuthority::kProbeLifetime);
}

TEST_CASE("what is no certificate request is refused") {
  const ScratchFolder scratch;
  const auto authority = CertificateAuthority::open(scratch.path() + "/authority", kNow);
  REQUIRE(authority);
  auto asked = make_key_and_request("x");
  REQUIRE(asked);
  CHECK_FALSE(authority->issue_probe("", "tokyo-1", kNow));
  CHECK_FALSE(authority->issue_probe(asked->key, "tokyo-1", kNow));
  CHECK_FALSE(authority->issue_probe(asked->request, "Tokyo/1", kNow));
  std::string forged = asked->request;
  const std::size_t middle = forged.size() - 60;
  forged[middle] = forged[middle] == 'A' ? 'B' : 'A';
  CHECK_FALSE(authority->issue_probe(forged, "tokyo-1", kNow));
}

TEST_CASE("a token can be read back, and only whole") {
  const JoinToken token{"a.b-1", std::string(64, 'f'), std::string(40, '0')};
  const auto read = JoinToken::parse(token.to_string());
  REQUIRE(read);
  CHECK(read->probe == "a.b-1");
  CHECK(read->fingerprint == token.fingerprint);
  CHECK(read->secret == token.secret);
  const std::string text = token.to_string();
  for (const std::size_t length : {std::size_t{0}, std::size_t{8}, text.size() - 1}) {
    CHECK_FALSE(JoinToken::parse(text.substr(0, length)));
  }
}

TEST_CASE("a token is good once, for a time, and only its hash is kept") {
  const ScratchFolder scratch;
  auto registry = ProbeRegistry::open(scratch.path());
  REQUIRE(registry);
  const auto token = registry->add({.name = "tokyo-1"}, std::string(64, 'f'), kNow, 1h);
  REQUIRE(token);
  CHECK(content_of(scratch.path() + "/probes.json").find(token->secret) == std::string::npos);
  CHECK(mode_of(scratch.path() + "/probes.json") == 0600);
  CHECK(registry->has_open_tokens(kNow));
  CHECK_FALSE(registry->has_open_tokens(kNow + 2h));
  CHECK(registry->redeem(*token, kNow + 2h).error().message == "expired_token");

  auto reopened = ProbeRegistry::open(scratch.path());
  REQUIRE(reopened);
  CHECK(reopened->redeem(*token, kNow));
  CHECK(reopened->redeem(*token, kNow).error().message == "unknown_token");
  CHECK_FALSE(reopened->has_open_tokens(kNow));
}

TEST_CASE("a revoked probe stays out with every certificate that it has had") {
  const ScratchFolder scratch;
  auto registry = ProbeRegistry::open(scratch.path());
  REQUIRE(registry);
  REQUIRE(registry->add({.name = "tokyo-1"}, std::string(64, 'f'), kNow, 1h));
  REQUIRE(registry->certify("tokyo-1", "01", kNow + 24h));
  REQUIRE(registry->certify("tokyo-1", "02", kNow + 24h));
  CHECK_FALSE(registry->refusal("tokyo-1", "01"));
  CHECK_FALSE(registry->refusal("tokyo-1", "02"));
  CHECK(registry->refusal("tokyo-1", "03") == "revoked");
  CHECK(registry->refusal("tokyo-2", "01") == "unknown_probe");
  CHECK(registry->revoke("tokyo-1") == true);
  CHECK(registry->revoke("tokyo-2") == false);
  auto reopened = ProbeRegistry::open(scratch.path());
  REQUIRE(reopened);
  CHECK(reopened->refusal("tokyo-1", "02") == "revoked");
  REQUIRE(reopened->add({.name = "tokyo-1"}, std::string(64, 'f'), kNow, 1h));
  REQUIRE(reopened->certify("tokyo-1", "04", kNow + 24h));
  CHECK(reopened->refusal("tokyo-1", "02") == "revoked");
  CHECK_FALSE(reopened->refusal("tokyo-1", "04"));
}

TEST_CASE("a damaged list of probes is told, not taken for an empty one") {
  const ScratchFolder scratch;
  REQUIRE(write_private_file(scratch.path() + "/probes.json", "{\"probes\":"));
  CHECK_FALSE(ProbeRegistry::open(scratch.path()));
}
