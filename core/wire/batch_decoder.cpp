#include <limits>
#include <utility>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <probe.pb.h>

#include "core/wire/address_list.hpp"
#include "core/wire/result_batch.hpp"
#include "core/wire/zstd_frame.hpp"

namespace isthmus {
namespace {

using Column = google::protobuf::RepeatedField<std::uint32_t>;

constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxHops = 256;  // TTLs are octets

/// The sum of a number and a step, wrapping as the writer's difference does.
std::int64_t sum(std::int64_t from, std::int64_t step) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(from) +
                                   static_cast<std::uint64_t>(step));
}

TimePoint time_at(std::int64_t microseconds) {
  return TimePoint{Duration{microseconds}};
}

/// Reads the columns of one trace. The first thing that does not fit is kept as the error.
class ColumnReader {
 public:
  explicit ColumnReader(std::size_t rows) : rows_{rows} {}

  void check(const Column& column, std::uint32_t most, const char* name) {
    const auto size = static_cast<std::size_t>(column.size());
    if (size > 1 && size != rows_) {
      complain(name, "has " + std::to_string(size) + " elements for " + std::to_string(rows_));
    }
    for (const std::uint32_t each : column) {
      if (each > most) {
        complain(name, std::to_string(each) + " is past " + std::to_string(most));
        return;
      }
    }
  }
  /// The value of a row of a column that was checked.
  template <typename T = std::uint8_t>
  static T at(const Column& column, std::size_t row) {
    if (column.empty()) {
      return 0;
    }
    return static_cast<T>(column.size() == 1 ? column[0] : column[static_cast<int>(row)]);
  }
  void complain(const char* name, const std::string& cause) {
    if (error_.empty()) {
      error_ = std::string{name} + ": " + cause;
    }
  }
  [[nodiscard]] const std::string& error() const { return error_; }
  [[nodiscard]] bool ok() const { return error_.empty(); }

 private:
  std::size_t rows_;
  std::string error_;
};

constexpr std::uint32_t length_tag(std::uint32_t number) {
  return number << 3 | 2;
}
constexpr std::uint32_t kHeaderTag = length_tag(1);
constexpr std::uint32_t kTraceTag = length_tag(2);
constexpr std::uint32_t kVantageTag = length_tag(8);

/// One field of a message as it lies in its bytes.
struct RawField {
  std::uint32_t tag;
  std::string_view content;  ///< of a length-delimited field
  std::string_view whole;    ///< tag and all
};

/// Goes over the fields of a message without making anything of them.
template <typename F>
Result<void> scan_fields(std::string_view message, const F& visit) {
  using google::protobuf::internal::WireFormatLite;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): protobuf's bytes
  const auto* const start = reinterpret_cast<const std::uint8_t*>(message.data());
  google::protobuf::io::CodedInputStream in{start, static_cast<int>(message.size())};
  const auto position = [&in] { return static_cast<std::size_t>(in.CurrentPosition()); };
  while (position() < message.size()) {
    const std::size_t at = position();
    RawField field{.tag = in.ReadTag()};
    bool whole = field.tag != 0;
    if ((field.tag & 7) == 2) {
      std::uint32_t length = 0;
      whole = in.ReadVarint32(&length) && length <= message.size() - position();
      field.content = whole ? message.substr(position(), length) : std::string_view{};
      whole = whole && in.Skip(static_cast<int>(length));
    } else {
      whole = whole && WireFormatLite::SkipField(&in, field.tag);
    }
    if (!whole) {
      return fail("no whole protobuf field at byte " + std::to_string(at));
    }
    field.whole = message.substr(at, position() - at);
    if (auto visited = visit(field); !visited) {
      return unexpected{visited.error().within("byte " + std::to_string(at))};
    }
  }
  return {};
}

std::optional<std::uint8_t> minus_one(unsigned value) {
  return value == 0 ? std::nullopt : std::optional{static_cast<std::uint8_t>(value - 1)};
}

constexpr std::uint32_t kOctet = std::numeric_limits<std::uint8_t>::max();
constexpr std::uint32_t kWord = std::numeric_limits<std::uint16_t>::max();

MplsLabel unpack(std::uint64_t entry) {
  return {.label = static_cast<std::uint32_t>(entry >> 17),
          .traffic_class = static_cast<std::uint8_t>(entry >> 9),
          .bottom = (entry >> 8 & 1) != 0,
          .ttl = static_cast<std::uint8_t>(entry)};
}

Result<std::vector<VantagePoint>> read_vantages(const wire::v1::BatchHeader& header) {
  std::vector<VantagePoint> vantages;
  vantages.reserve(static_cast<std::size_t>(header.vantages_size()));
  for (const wire::v1::Vantage& each : header.vantages()) {
    const auto address = address_from(each.address());
    if (!address || each.plane() > 1 || each.source().size() > kMaxName) {
      return fail("vantage point " + std::to_string(vantages.size()) + " is malformed");
    }
    vantages.push_back({.plane = static_cast<Plane>(each.plane()),
                        .source = each.source(),
                        .address = *address,
                        .asn = Asn{each.asn()}});
  }
  return vantages;
}

}  // namespace

struct BatchDecoder::Impl {
  explicit Impl(const WireLimits& bounds) : limits{bounds} {}

  Result<void> split(ResultBatch& batch);
  Result<void> scan_header(std::string& unknown);
  Result<void> scan_trace(std::string_view bytes, std::string& unknown);
  Result<void> read_header(ResultBatch& batch);
  Result<void> read_traces(ResultBatch& batch);
  Result<void> read_trace(std::string_view bytes, const SequencedTraceroute& before,
                          SequencedTraceroute& each);
  Result<void> read_fields(const SequencedTraceroute& before, SequencedTraceroute& each) const;
  Result<void> read_hops(Traceroute& into);
  Result<void> read_replies(Traceroute& into);
  Result<void> read_extensions();
  [[nodiscard]] bool count_unknown(const std::string& unknown) {
    unknown_bytes += unknown.size();
    return unknown_bytes <= limits.unknown_bytes;
  }

  WireLimits limits;
  ZstdUnpacker unpacker;
  std::string text;
  wire::v1::BatchHeader header;
  wire::v1::Trace trace;
  std::string_view header_bytes;
  std::vector<std::string_view> trace_bytes;
  std::vector<IpAddress> addresses;
  std::vector<VantagePoint> vantages;
  std::vector<Reply*> replies;  ///< of the trace at hand, in its order
  std::size_t hop_count = 0;
  std::size_t reply_count = 0;
  std::size_t unknown_bytes = 0;
};

/// Finds where header and traces lie, so that each is parsed alone, and none before all are
/// counted.
Result<void> BatchDecoder::Impl::split(ResultBatch& batch) {
  bool has_header = false;
  trace_bytes.clear();
  auto scanned = scan_fields(text, [&](const RawField& field) -> Result<void> {
    if (field.tag != kHeaderTag && field.tag != kTraceTag) {
      batch.unknown += field.whole;
      return {};
    }
    if (field.tag == kHeaderTag) {
      header_bytes = field.content;
      return std::exchange(has_header, true) ? fail("a second header") : Result<void>{};
    }
    if (trace_bytes.size() >= limits.traces) {
      return fail("more than " + std::to_string(limits.traces) + " traceroutes");
    }
    if (field.content.size() > limits.trace_bytes) {
      return fail("a traceroute of more than " + std::to_string(limits.trace_bytes) + " bytes");
    }
    trace_bytes.push_back(field.content);
    return {};
  });
  if (!scanned) {
    return scanned;
  }
  if (!has_header) {
    return fail("there is no header");
  }
  return count_unknown(batch.unknown) ? Result<void>{} : fail("too many unknown fields");
}

/// Each trace brings at most one vantage point, and a header all of them: counted before a message
/// is made of each.
Result<void> BatchDecoder::Impl::scan_header(std::string& unknown) {
  std::size_t count = 0;
  auto scanned = scan_fields(header_bytes, [&](const RawField& field) -> Result<void> {
    if (field.tag >> 3 > wire::v1::BatchHeader::kAddressesV6FieldNumber) {
      unknown += field.whole;
    }
    return field.tag == kVantageTag && ++count > limits.traces
               ? fail("more than " + std::to_string(limits.traces) + " vantage points")
               : Result<void>{};
  });
  if (scanned && !count_unknown(unknown)) {
    return fail("too many unknown fields");
  }
  return scanned;
}

Result<void> BatchDecoder::Impl::scan_trace(std::string_view bytes, std::string& unknown) {
  auto scanned = scan_fields(bytes, [&](const RawField& field) -> Result<void> {
    if (field.tag >> 3 > wire::v1::Trace::kObjectsFieldNumber) {
      unknown += field.whole;
    }
    return {};
  });
  if (scanned && !count_unknown(unknown)) {
    return fail("too many unknown fields");
  }
  return scanned;
}

Result<void> BatchDecoder::Impl::read_header(ResultBatch& batch) {
  if (auto scanned = scan_header(batch.unknown_header); !scanned) {
    return unexpected{scanned.error().within("header")};
  }
  if (!header.ParseFromArray(header_bytes.data(), static_cast<int>(header_bytes.size()))) {
    return fail("the header is no protobuf");
  }
  if (header.version() == 0 || header.version() > kWireVersion) {
    return fail("version " + std::to_string(header.version()) + " of the schema; known is up to " +
                std::to_string(kWireVersion));
  }
  if (header.probe().size() > kMaxName || header.software().size() > kMaxName) {
    return fail("a name in the header is too long");
  }
  addresses.clear();
  if (!append_addresses(header.addresses_v4(), Family::Ipv4, addresses) ||
      !append_addresses(header.addresses_v6(), Family::Ipv6, addresses)) {
    return fail("the addresses do not come out even");
  }
  auto read = read_vantages(header);
  if (!read) {
    return unexpected{read.error()};
  }
  vantages = std::move(*read);
  batch.probe = header.probe();
  batch.boot = header.boot();
  batch.software = header.software();
  if (header.has_clock_offset_us()) {
    batch.clock_offset = Duration{header.clock_offset_us()};
  }
  return {};
}

Result<void> BatchDecoder::Impl::read_fields(const SequencedTraceroute& before,
                                             SequencedTraceroute& each) const {
  Traceroute& into = each.trace;
  if (trace.vantage() >= vantages.size()) {
    return fail("there is no vantage point " + std::to_string(trace.vantage()));
  }
  if (trace.source() >= addresses.size() || trace.destination() >= addresses.size()) {
    return fail("an address that is not in the header");
  }
  if (trace.method() > static_cast<std::uint32_t>(ProbeMethod::TcpAck) ||
      trace.stop() > static_cast<std::uint32_t>(StopReason::Cancelled)) {
    return fail("an unknown method or stop reason");
  }
  if (trace.flow() > kWord || trace.source_port() > kWord || trace.destination_port() > kWord ||
      trace.probe_size() > kWord) {
    return fail("flow, port or size past 65535");
  }
  into.vantage = vantages[trace.vantage()];
  into.source = addresses[trace.source()];
  into.destination = addresses[trace.destination()];
  into.method = static_cast<ProbeMethod>(trace.method());
  into.flow = static_cast<std::uint16_t>(trace.flow());
  into.source_port = static_cast<std::uint16_t>(trace.source_port());
  into.destination_port = static_cast<std::uint16_t>(trace.destination_port());
  into.probe_size = static_cast<std::uint16_t>(trace.probe_size());
  const std::int64_t start =
      sum(before.trace.start.time_since_epoch().count(), trace.start_step_us());
  into.start = time_at(start);
  into.end = time_at(sum(start, trace.duration_us()));
  into.stop = static_cast<StopReason>(trace.stop());
  each.request = trace.request();
  each.sequence = before.sequence + 1 + static_cast<std::uint64_t>(trace.sequence_step());
  return {};
}

Result<void> BatchDecoder::Impl::read_hops(Traceroute& into) {
  const std::size_t hops = trace.hops();
  if (hops > kMaxHops) {
    return fail(std::to_string(hops) + " hops");
  }
  ColumnReader columns{hops};
  columns.check(trace.hop_ttl(), kOctet, "hop_ttl");
  columns.check(trace.hop_sent(), kOctet, "hop_sent");
  columns.check(trace.hop_replies(), static_cast<std::uint32_t>(limits.trace_replies),
                "hop_replies");
  const auto ttls = static_cast<std::size_t>(trace.hop_ttl_size());
  if (ttls != 0 && ttls != hops) {
    columns.complain("hop_ttl", "must have an element for each hop");
  }
  if (!columns.ok()) {
    return fail(columns.error());
  }
  std::size_t count = 0;
  for (std::size_t i = 0; i < hops; ++i) {
    count += columns.at<std::uint32_t>(trace.hop_replies(), i);
  }
  reply_count += count;
  hop_count += hops;
  if (count > limits.trace_replies || reply_count > limits.replies || hop_count > limits.hops) {
    return fail("too many hops or replies");
  }
  replies.clear();
  into.hops.resize(hops);
  for (std::size_t i = 0; i < hops; ++i) {
    Hop& hop = into.hops[i];
    // Without TTLs, hop i has the TTL i + 1; that of the 256th does not fit an octet.
    if (ttls == 0 && i == kOctet) {
      return fail("hop_ttl: 256 is past 255");
    }
    hop.ttl = ttls == 0 ? static_cast<std::uint8_t>(i + 1) : columns.at(trace.hop_ttl(), i);
    hop.sent = columns.at(trace.hop_sent(), i);
    hop.replies.resize(columns.at<std::uint32_t>(trace.hop_replies(), i));
    for (Reply& reply : hop.replies) {
      replies.push_back(&reply);
    }
  }
  return {};
}

Result<void> BatchDecoder::Impl::read_replies(Traceroute& into) {
  if (auto read = read_hops(into); !read) {
    return read;
  }
  ColumnReader columns{replies.size()};
  const auto most_address = static_cast<std::uint32_t>(addresses.size() - 1);
  columns.check(trace.reply_address(), most_address, "reply_address");
  columns.check(trace.reply_kind(), static_cast<std::uint32_t>(ReplyKind::PacketTooBig),
                "reply_kind");
  columns.check(trace.reply_ttl(), kOctet, "reply_ttl");
  columns.check(trace.reply_quoted_ttl(), kOctet + 1, "reply_quoted_ttl");
  columns.check(trace.reply_icmp_type(), kOctet, "reply_icmp_type");
  columns.check(trace.reply_icmp_code(), kOctet, "reply_icmp_code");
  columns.check(trace.reply_size(), kWord, "reply_size");
  columns.check(trace.reply_attempt(), kOctet, "reply_attempt");
  columns.check(trace.reply_tos(), kOctet, "reply_tos");
  columns.check(trace.reply_quoted_tos(), kOctet + 1, "reply_quoted_tos");
  columns.check(trace.reply_mtu(), kWord, "reply_mtu");
  columns.check(trace.reply_tcp_flags(), kOctet, "reply_tcp_flags");
  columns.check(trace.reply_nat(), 1, "reply_nat");
  const auto rtts = static_cast<std::size_t>(trace.reply_rtt_us_size());
  if (rtts != 0 && rtts != replies.size()) {
    columns.complain("reply_rtt_us", "must have an element for each reply");
  }
  const Bytes ip_ids = as_bytes(trace.reply_ip_id());
  if (!ip_ids.empty() && ip_ids.size() != 2 * replies.size()) {
    columns.complain("reply_ip_id", "must have two octets for each reply");
  }
  if (!columns.ok()) {
    return fail(columns.error());
  }
  std::int64_t rtt = 0;
  ByteReader ids{ip_ids};
  for (std::size_t i = 0; i < replies.size(); ++i) {
    Reply& reply = *replies[i];
    rtt = rtts == 0 ? 0 : sum(rtt, trace.reply_rtt_us(static_cast<int>(i)));
    reply.address = addresses[columns.at<std::uint32_t>(trace.reply_address(), i)];
    reply.kind = static_cast<ReplyKind>(columns.at(trace.reply_kind(), i));
    reply.rtt = Duration{rtt};
    reply.reply_ttl = columns.at(trace.reply_ttl(), i);
    reply.quoted_ttl = minus_one(columns.at<std::uint32_t>(trace.reply_quoted_ttl(), i));
    reply.icmp_type = columns.at(trace.reply_icmp_type(), i);
    reply.icmp_code = columns.at(trace.reply_icmp_code(), i);
    reply.size = columns.at<std::uint16_t>(trace.reply_size(), i);
    reply.attempt = columns.at(trace.reply_attempt(), i);
    reply.tos = columns.at(trace.reply_tos(), i);
    reply.quoted_tos = minus_one(columns.at<std::uint32_t>(trace.reply_quoted_tos(), i));
    reply.ip_id = ip_ids.empty() ? std::uint16_t{0} : ids.u16();
    reply.mtu = columns.at<std::uint16_t>(trace.reply_mtu(), i);
    reply.tcp_flags = columns.at(trace.reply_tcp_flags(), i);
    reply.nat = columns.at(trace.reply_nat(), i) != 0;
  }
  return {};
}

Result<void> BatchDecoder::Impl::read_extensions() {
  for (const wire::v1::LabelStack& stack : trace.labels()) {
    if (stack.reply() >= replies.size()) {
      return fail("labels of a reply that is not there");
    }
    std::vector<MplsLabel>& labels = replies[stack.reply()]->mpls;
    for (const std::uint64_t entry : stack.entries()) {
      if (entry >> 49 != 0) {
        return fail("an MPLS label of more than 32 bits");
      }
      labels.push_back(unpack(entry));
    }
  }
  for (const wire::v1::IcmpObject& object : trace.objects()) {
    if (object.reply() >= replies.size()) {
      return fail("an extension object of a reply that is not there");
    }
    if (object.class_number() > kOctet || object.type() > kOctet) {
      return fail("class or type of an extension object past 255");
    }
    const Bytes payload = as_bytes(object.payload());
    replies[object.reply()]->objects.push_back(
        {.class_number = static_cast<std::uint8_t>(object.class_number()),
         .type = static_cast<std::uint8_t>(object.type()),
         .payload = {payload.begin(), payload.end()}});
  }
  return {};
}

Result<void> BatchDecoder::Impl::read_trace(std::string_view bytes,
                                            const SequencedTraceroute& before,
                                            SequencedTraceroute& each) {
  if (!trace.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail("no protobuf");
  }
  if (auto scanned = scan_trace(bytes, each.unknown); !scanned) {
    return scanned;
  }
  if (auto read = read_fields(before, each); !read) {
    return read;
  }
  if (auto read = read_replies(each.trace); !read) {
    return read;
  }
  return read_extensions();
}

Result<void> BatchDecoder::Impl::read_traces(ResultBatch& batch) {
  SequencedTraceroute origin;
  origin.sequence = header.first_sequence() - 1;
  origin.trace.start = time_at(header.first_start_us());
  hop_count = reply_count = 0;
  batch.traces.reserve(trace_bytes.size());
  for (std::size_t i = 0; i < trace_bytes.size(); ++i) {
    SequencedTraceroute each;
    const SequencedTraceroute& before = i == 0 ? origin : batch.traces.back();
    if (auto read = read_trace(trace_bytes[i], before, each); !read) {
      return unexpected{read.error().within("traceroute " + std::to_string(i))};
    }
    batch.traces.push_back(std::move(each));
  }
  return {};
}

BatchDecoder::BatchDecoder(const WireLimits& limits) : impl_{std::make_unique<Impl>(limits)} {}
BatchDecoder::BatchDecoder(BatchDecoder&&) noexcept = default;
BatchDecoder& BatchDecoder::operator=(BatchDecoder&&) noexcept = default;
BatchDecoder::~BatchDecoder() = default;

Result<ResultBatch> BatchDecoder::decode(Bytes input) {
  Impl& impl = *impl_;
  ResultBatch batch;
  impl.unknown_bytes = 0;
  if (input.size() > impl.limits.packed_bytes) {
    return fail("more than " + std::to_string(impl.limits.packed_bytes) + " bytes");
  }
  auto done = impl.unpacker.unpack(input, impl.limits.unpacked_bytes, impl.text);
  if (done) {
    done = impl.split(batch);
  }
  if (done) {
    done = impl.read_header(batch);
  }
  if (done) {
    done = impl.read_traces(batch);
  }
  if (!done) {
    return unexpected{done.error()};
  }
  return batch;
}

Result<ResultBatch> decode_batch(Bytes input, const WireLimits& limits) {
  return BatchDecoder{limits}.decode(input);
}

}  // namespace isthmus
