#include "core/wire/result_batch.hpp"

#include <limits>

#include <probe.pb.h>

#include "core/wire/zstd_frame.hpp"
#include "tests/support/random_traceroutes.hpp"

using namespace isthmus;
using isthmus::testing::RandomTraceroutes;

namespace {

ResultBatch arbitrary_batch(std::uint64_t seed) {
  RandomTraceroutes random{seed};
  ResultBatch batch{.probe = "ams-1", .boot = random.number<std::uint64_t>(), .software = "x 1"};
  if (random.one_in(2)) {
    batch.clock_offset = Duration{random.number<std::int64_t>()};
  }
  for (std::uint64_t i = seed % 20; i > 0; --i) {
    batch.traces.push_back({.sequence = random.number<std::uint64_t>(),
                            .request = random.number<std::uint64_t>(),
                            .trace = random.arbitrary()});
  }
  return batch;
}

std::string packed(const google::protobuf::MessageLite& message) {
  std::string frame;
  ZstdPacker{1}.pack(message.SerializeAsString(), frame);
  return frame;
}

/// A batch with one traceroute of one hop with one reply, to be spoilt.
wire::v1::ResultBatch small_message() {
  wire::v1::ResultBatch message;
  message.mutable_header()->set_version(1);
  message.mutable_header()->set_probe("ams-1");
  message.mutable_header()->set_first_sequence(7);
  message.mutable_header()->set_addresses_v4("abcd");
  message.mutable_header()->add_vantages()->set_address("abcd");
  wire::v1::Trace& trace = *message.add_traces();
  trace.set_hops(1);
  trace.add_hop_replies(1);
  return message;
}

std::string error_of(const wire::v1::ResultBatch& message, const WireLimits& limits = {}) {
  const auto decoded = decode_batch(as_bytes(packed(message)), limits);
  return decoded ? "accepted" : decoded.error().message;
}

}  // namespace

TEST_CASE("a batch comes back as it was, whatever its fields hold") {
  BatchEncoder encoder;
  BatchDecoder decoder;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    INFO("seed " << seed);
    const ResultBatch batch = arbitrary_batch(seed);
    const auto decoded = decoder.decode(as_bytes(encoder.encode(batch)));
    REQUIRE(decoded);
    REQUIRE(*decoded == batch);
  }
}

TEST_CASE("a reused encoder writes what a new one writes") {
  BatchEncoder encoder;
  static_cast<void>(encoder.encode(arbitrary_batch(3)));
  const ResultBatch batch = arbitrary_batch(19);
  CHECK(encoder.encode(batch) == encode_batch(batch));
}

TEST_CASE("fields of a newer schema are kept, and handed on") {
  wire::v1::ResultBatch message = small_message();
  // Field 1000, a varint; field 1001, two bytes.
  const std::string newer{"\xc0\x3e\x05\xca\x3e\x02hi"};
  std::string text;
  const std::string header = message.header().SerializeAsString() + newer;
  const std::string trace = message.traces(0).SerializeAsString() + newer;
  text += '\x0a';
  text += static_cast<char>(header.size());
  text += header;
  text += newer;
  text += '\x12';
  text += static_cast<char>(trace.size());
  text += trace;
  std::string frame;
  ZstdPacker{1}.pack(text, frame);

  const auto decoded = decode_batch(as_bytes(frame));
  REQUIRE(decoded);
  CHECK(decoded->unknown == newer);
  CHECK(decoded->unknown_header == newer);
  REQUIRE(decoded->traces.size() == 1);
  CHECK(decoded->traces[0].unknown == newer);
  const auto again = decode_batch(as_bytes(encode_batch(*decoded)));
  REQUIRE(again);
  CHECK(*again == *decoded);
}

TEST_CASE("traceroutes of fifteen hops take at most 220 bytes each in a batch") {
  RandomTraceroutes random{1};
  const ResultBatch batch = random.batch(256);
  const std::string bytes = encode_batch(batch);
  INFO(bytes.size() / batch.traces.size() << " bytes a traceroute");
  CHECK(bytes.size() <= 220 * batch.traces.size());
}

TEST_CASE("every shorter batch is refused") {
  RandomTraceroutes random{2};
  const std::string whole = encode_batch(random.batch(3));
  BatchDecoder decoder;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO(size << " of " << whole.size() << " bytes");
    REQUIRE_FALSE(decoder.decode(as_bytes(whole).first(size)));
  }
  CHECK(decoder.decode(as_bytes(whole)));
  CHECK_FALSE(decoder.decode(as_bytes(whole + "x")));
}

TEST_CASE("every cut within the protobuf is refused, or leaves whole traceroutes only") {
  RandomTraceroutes random{2};
  const ResultBatch batch = random.batch(3);
  std::string text;
  REQUIRE(ZstdUnpacker{}.unpack(as_bytes(encode_batch(batch)), 1 << 20, text));
  ZstdPacker packer{1};
  std::string frame;
  for (std::size_t size = 0; size < text.size(); ++size) {
    INFO(size << " of " << text.size() << " bytes");
    packer.pack(std::string_view{text}.substr(0, size), frame);
    if (const auto decoded = decode_batch(as_bytes(frame))) {
      REQUIRE(decoded->traces.size() < 3);
      for (std::size_t i = 0; i < decoded->traces.size(); ++i) {
        REQUIRE(decoded->traces[i] == batch.traces[i]);
      }
    }
  }
}

TEST_CASE("a message of our own making is accepted until something in it is wrong") {
  wire::v1::ResultBatch message = small_message();
  wire::v1::Trace& trace = *message.mutable_traces(0);
  CHECK(error_of(message) == "accepted");
  SECTION("no header") {
    message.clear_header();
    CHECK(error_of(message) == "there is no header");
  }
  SECTION("a version that is not known") {
    message.mutable_header()->set_version(2);
    CHECK(error_of(message) == "version 2 of the schema; known is up to 1");
  }
  SECTION("no version") {
    message.mutable_header()->set_version(0);
    CHECK(error_of(message) == "version 0 of the schema; known is up to 1");
  }
  SECTION("addresses that do not come out even") {
    message.mutable_header()->set_addresses_v6("abc");
    CHECK(error_of(message) == "the addresses do not come out even");
  }
  SECTION("an address that is not there") {
    trace.set_destination(1);
    CHECK(error_of(message) == "traceroute 0: an address that is not in the header");
  }
  SECTION("a reply's address that is not there") {
    trace.add_reply_address(1);
    CHECK(error_of(message) == "traceroute 0: reply_address: 1 is past 0");
  }
  SECTION("a vantage point that is not there") {
    trace.set_vantage(1);
    CHECK(error_of(message) == "traceroute 0: there is no vantage point 1");
  }
  SECTION("a number that does not fit") {
    trace.add_reply_ttl(256);
    CHECK(error_of(message) == "traceroute 0: reply_ttl: 256 is past 255");
  }
  SECTION("a kind of reply that is not known") {
    trace.add_reply_kind(10);
    CHECK(error_of(message) == "traceroute 0: reply_kind: 10 is past 9");
  }
  SECTION("a column of another length") {
    trace.add_reply_tos(0);
    trace.add_reply_tos(1);
    CHECK(error_of(message) == "traceroute 0: reply_tos: has 2 elements for 1");
  }
  SECTION("round-trip times of another length") {
    trace.set_hops(2);
    trace.add_hop_replies(1);
    trace.add_reply_rtt_us(5);
    CHECK(error_of(message) == "traceroute 0: reply_rtt_us: must have an element for each reply");
  }
  SECTION("too many hops") {
    trace.set_hops(257);
    CHECK(error_of(message) == "traceroute 0: 257 hops");
  }
  SECTION("a hop whose TTL would be 256") {
    trace.set_hops(256);
    CHECK(error_of(message) == "traceroute 0: hop_ttl: 256 is past 255");
  }
  SECTION("labels of a reply that is not there") {
    trace.add_labels()->set_reply(1);
    CHECK(error_of(message) == "traceroute 0: labels of a reply that is not there");
  }
  SECTION("an object of a reply that is not there") {
    trace.add_objects()->set_reply(1);
    CHECK(error_of(message) == "traceroute 0: an extension object of a reply that is not there");
  }
}

TEST_CASE("what is past a bound is refused before it takes memory") {
  wire::v1::ResultBatch message = small_message();
  SECTION("traceroutes") {
    for (int i = 0; i < 5'000; ++i) {
      message.add_traces();
    }
    CHECK(error_of(message) == "byte 8225: more than 4096 traceroutes");
  }
  SECTION("vantage points") {
    for (int i = 0; i < 5'000; ++i) {
      message.mutable_header()->add_vantages();
    }
    CHECK(error_of(message) == "header: byte 8209: more than 4096 vantage points");
  }
  SECTION("replies of one traceroute") {
    message.mutable_traces(0)->set_hops(200);
    message.mutable_traces(0)->set_hop_replies(0, 4'096);
    CHECK(error_of(message) == "traceroute 0: too many hops or replies");
  }
  SECTION("replies of all") {
    message.mutable_traces(0)->set_hop_replies(0, 4'096);
    for (int i = 0; i < 32; ++i) {
      *message.add_traces() = message.traces(0);
    }
    CHECK(error_of(message) == "traceroute 32: too many hops or replies");
  }
  SECTION("bytes of one traceroute") {
    message.mutable_traces(0)->mutable_reply_ip_id()->assign(300'000, 'x');
    CHECK(error_of(message) == "byte 27: a traceroute of more than 262144 bytes");
  }
  SECTION("unpacked bytes") {
    message.mutable_header()->mutable_addresses_v4()->assign(std::size_t{17} << 20, 'x');
    CHECK(error_of(message) == "unpacks to more than 16777216 bytes");
  }
  SECTION("packed bytes") {
    CHECK(error_of(message, {.packed_bytes = 10}) == "more than 10 bytes");
  }
}

TEST_CASE("a batch of random bytes never passes") {
  RandomTraceroutes random{5};
  BatchDecoder decoder;
  std::string frame;
  for (int i = 0; i < 2'000; ++i) {
    std::string noise(random.number<std::uint32_t>() % 200, '\0');
    for (char& each : noise) {
      each = random.number<char>();
    }
    REQUIRE_FALSE(decoder.decode(as_bytes(noise)));
    ZstdPacker{1}.pack(noise, frame);
    static_cast<void>(decoder.decode(as_bytes(frame)));
  }
}
