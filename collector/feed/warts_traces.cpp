#include <algorithm>
#include <chrono>
#include <vector>

#include "collector/feed/scamper_json.hpp"
#include "collector/feed/trace_format.hpp"
#include "core/base/bytes.hpp"

namespace isthmus::collector {
namespace {

constexpr std::uint16_t kMagic = 0x1205;
constexpr std::size_t kHeader = 8;
enum RecordType : std::uint16_t { kCycleDefinition = 2, kCycleStart = 3, kAddress = 5, kTrace = 6 };

/// The optional fields of a record (scamper's warts(5)): a bitmap of seven bits a byte, the length
/// of the fields, the fields in ascending order of their bits, which count from 1. A field that
/// this code does not know ends the reading; those behind it are stepped over by the length.
class Fields {
 public:
  explicit Fields(ByteReader& in) {
    std::uint8_t flags = 0;
    do {
      flags = in.u8();
      flags_.push_back(flags);
    } while ((flags & 0x80) != 0 && in.ok());
    const bool any =
        std::any_of(flags_.begin(), flags_.end(), [](std::uint8_t each) { return each != 0; });
    body_ = ByteReader{any ? in.take(in.u16()) : Bytes{}};
  }

  [[nodiscard]] bool has(unsigned bit) const {
    const unsigned byte = (bit - 1) / 7;
    return byte < flags_.size() && (flags_[byte] >> ((bit - 1) % 7) & 1) != 0;
  }
  /// The reader, standing at the field, if the record has it.
  ByteReader* at(unsigned bit) { return has(bit) ? &body_ : nullptr; }
  void skip(unsigned bit, std::size_t bytes) {
    if (has(bit)) {
      body_.skip(bytes);
    }
  }
  std::uint8_t u8(unsigned bit) { return has(bit) ? body_.u8() : std::uint8_t{0}; }
  std::uint16_t u16(unsigned bit) { return has(bit) ? body_.u16() : std::uint16_t{0}; }
  std::uint32_t u32(unsigned bit) { return has(bit) ? body_.u32() : 0; }
  [[nodiscard]] bool ok() const { return body_.ok(); }

 private:
  std::vector<std::uint8_t> flags_;
  ByteReader body_{Bytes{}};
};

/// Reads a trace record. Addresses that came before in it are named by their number.
class TraceReader {
 public:
  TraceReader(Bytes body, const std::vector<IpAddress>& addresses)
      : in_{body},
        file_addresses_{addresses} {}

  /// Nothing if the record is cut short or contradicts itself.
  std::optional<Traceroute> read();

 private:
  void read_parameters();
  bool read_hop();
  void read_extensions(ByteReader& in, Reply& reply);
  std::optional<IpAddress> read_address(ByteReader& in);
  [[nodiscard]] std::optional<IpAddress> file_address(std::uint32_t number) const;

  ByteReader in_;
  const std::vector<IpAddress>& file_addresses_;
  std::vector<IpAddress> own_addresses_;
  Traceroute trace_;
  std::optional<IpAddress> destination_;
  std::uint8_t attempts_ = 1;
  unsigned first_ttl_ = 1;
  unsigned hop_count_ = 0;
  bool ok_ = true;
};

std::optional<IpAddress> TraceReader::file_address(std::uint32_t number) const {
  return number == 0 || number > file_addresses_.size()
             ? std::nullopt
             : std::optional{file_addresses_[number - 1]};
}

std::optional<IpAddress> TraceReader::read_address(ByteReader& in) {
  const std::uint8_t size = in.u8();
  if (size == 0) {
    const std::uint32_t number = in.u32();
    ok_ &= number < own_addresses_.size();
    return ok_ ? std::optional{own_addresses_[number]} : std::nullopt;
  }
  const std::uint8_t type = in.u8();
  const Bytes bytes = in.take(size);
  // Ethernet and FireWire addresses have numbers too.
  const bool v4 = type == 1 && size == 4;
  const bool v6 = type == 2 && size == 16;
  own_addresses_.push_back(v4   ? IpAddress::from_bytes(Family::Ipv4, bytes)
                           : v6 ? IpAddress::from_bytes(Family::Ipv6, bytes)
                                : IpAddress{});
  return v4 || v6 ? std::optional{own_addresses_.back()} : std::nullopt;
}

void TraceReader::read_parameters() {
  Fields fields{in_};
  fields.skip(1, 4);
  fields.skip(2, 4);
  std::optional<IpAddress> source = file_address(fields.u32(3));
  destination_ = file_address(fields.u32(4));
  if (ByteReader* const time = fields.at(5)) {
    const std::uint32_t seconds = time->u32();
    trace_.start = TimePoint{std::chrono::seconds{seconds}} +
                   Duration{std::min<std::uint32_t>(time->u32(), 999'999)};
  }
  trace_.stop = scamper_stop(fields.u8(6));
  fields.skip(7, 1);
  fields.skip(8, 1);
  attempts_ = std::max<std::uint8_t>(fields.u8(9), 1);
  fields.skip(10, 1);
  const std::uint8_t type = fields.u8(11);
  trace_.method = type == 1 || type == 4 ? ProbeMethod::Icmp
                  : type == 3            ? ProbeMethod::TcpSyn
                  : type == 6            ? ProbeMethod::TcpAck
                                         : ProbeMethod::Udp;
  trace_.probe_size = fields.u16(12);
  trace_.source_port = fields.u16(13);
  trace_.destination_port = fields.u16(14);
  trace_.flow = trace_.method == ProbeMethod::Icmp ? trace_.destination_port : trace_.source_port;
  first_ttl_ = std::max<unsigned>(fields.u8(15), 1);
  for (const unsigned bit : {16U, 17U, 18U}) {
    fields.skip(bit, 1);
  }
  hop_count_ = std::min<unsigned>(fields.u16(19), 255);
  for (const unsigned bit : {20U, 21U, 22U}) {
    fields.skip(bit, 1);
  }
  fields.skip(23, 2);
  fields.skip(24, 1);
  fields.skip(25, 1);
  if (ByteReader* const address = fields.at(26)) {
    source = read_address(*address);
  }
  if (ByteReader* const address = fields.at(27)) {
    destination_ = read_address(*address);
  }
  trace_.source = source.value_or(IpAddress{});
  ok_ &= fields.ok();
}

void TraceReader::read_extensions(ByteReader& in, Reply& reply) {
  ByteReader objects{in.take(in.u16())};
  while (!objects.empty() && objects.ok()) {
    const std::uint16_t size = objects.u16();
    IcmpObject object;
    object.class_number = objects.u8();
    object.type = objects.u8();
    const Bytes payload = objects.take(size);
    if (object.class_number == 1 && object.type == 1) {
      for (ByteReader stack{payload}; stack.size() >= 4;) {
        const std::uint32_t word = stack.u32();
        reply.mpls.push_back({word >> 12, static_cast<std::uint8_t>(word >> 9 & 7),
                              (word & 0x100) != 0, static_cast<std::uint8_t>(word)});
      }
    } else {
      object.payload.assign(payload.begin(), payload.end());
      reply.objects.push_back(std::move(object));
    }
  }
  ok_ &= objects.ok();
}

bool TraceReader::read_hop() {
  Fields fields{in_};
  Reply reply;
  std::optional<IpAddress> address = file_address(fields.u32(1));
  const std::uint8_t ttl = fields.u8(2);
  reply.reply_ttl = fields.u8(3);
  constexpr std::uint8_t kTcp = 0x20;
  const bool tcp = (fields.u8(4) & kTcp) != 0;
  const std::uint8_t attempt = std::max<std::uint8_t>(fields.u8(5), 1);
  reply.attempt = static_cast<std::uint8_t>(attempt - 1);
  reply.rtt = Duration{fields.u32(6)};
  const std::uint16_t icmp = fields.u16(7);
  reply.icmp_type = static_cast<std::uint8_t>(icmp >> 8);
  reply.icmp_code = static_cast<std::uint8_t>(icmp);
  fields.skip(8, 2);
  reply.size = fields.u16(9);
  reply.ip_id = fields.u16(10);
  reply.tos = fields.u8(11);
  reply.mtu = fields.u16(12);
  fields.skip(13, 2);
  // scamper leaves out what is as expected: a TTL of 1.
  const bool quotes = !tcp && reply.icmp_type != 0 && reply.icmp_type != 129;
  if (fields.has(14) || quotes) {
    reply.quoted_ttl = fields.has(14) ? fields.u8(14) : std::uint8_t{1};
  }
  reply.tcp_flags = fields.u8(15);
  if (fields.has(16) || quotes) {
    reply.quoted_tos = fields.u8(16);
  }
  if (ByteReader* const extensions = fields.at(17)) {
    read_extensions(*extensions, reply);
  }
  if (ByteReader* const inlined = fields.at(18)) {
    address = read_address(*inlined);
  }
  ok_ &= fields.ok() && in_.ok() && ttl != 0;
  if (!ok_ || !address) {
    return ok_;
  }
  reply.address = *address;
  const auto kind = tcp ? tcp_reply_kind(reply.tcp_flags)
                        : icmp_reply_kind(address->family(), reply.icmp_type, reply.icmp_code);
  Hop& hop = hop_at(trace_, ttl);
  hop.sent = std::max(hop.sent, attempt);
  if (kind) {
    reply.kind = *kind;
    trace_.end = std::max(trace_.end, trace_.start + reply.rtt);
    hop.replies.push_back(std::move(reply));
  }
  return true;
}

std::optional<Traceroute> TraceReader::read() {
  read_parameters();
  if (!ok_ || !in_.ok() || !destination_) {
    return std::nullopt;
  }
  trace_.destination = *destination_;
  trace_.end = trace_.start;
  for (unsigned ttl = first_ttl_; ttl <= hop_count_; ++ttl) {
    hop_at(trace_, static_cast<std::uint8_t>(ttl)).sent = attempts_;
  }
  const std::uint16_t count = in_.u16();
  for (unsigned i = 0; i < count; ++i) {
    if (!read_hop()) {
      return std::nullopt;
    }
  }
  // Optional parts (path MTU discovery, Doubletree) may follow: they hold no hop of the trace.
  return in_.ok() ? std::optional{std::move(trace_)} : std::nullopt;
}

class WartsTraces final : public TraceFormat {
 public:
  explicit WartsTraces(const TraceFileOptions& options) : options_{options} {}

  std::size_t record_size(std::string_view rest, bool last) override;
  TraceRecord read(std::string_view record) override;

 private:
  void read_cycle(ByteReader in);
  void read_file_address(ByteReader in);

  TraceFileOptions options_;
  ScamperContext context_;
  std::vector<IpAddress> addresses_;
};

std::size_t WartsTraces::record_size(std::string_view rest, bool last) {
  if (rest.size() < kHeader) {
    return 0;
  }
  ByteReader in{as_bytes(rest)};
  if (in.u16() != kMagic) {
    // Lost: on to the next place that looks like a record.
    const std::size_t next = rest.find("\x12\x05", 1);
    return next != std::string_view::npos ? next : last ? rest.size() : rest.size() - 1;
  }
  in.skip(2);
  const std::size_t size = kHeader + in.u32();
  if (size > kLongestTraceRecord) {
    const std::size_t next = rest.find("\x12\x05", 1);
    return next != std::string_view::npos ? next : last ? rest.size() : rest.size() - 1;
  }
  return rest.size() < size ? 0 : size;
}

void WartsTraces::read_cycle(ByteReader in) {
  in.skip(16);
  Fields fields{in};
  fields.skip(1, 4);
  if (ByteReader* const host = fields.at(2)) {
    const std::string_view text = as_text(host->rest());
    context_.host = std::string{text.substr(0, text.find('\0'))};
  }
}

/// An address that later records name by its number, as old files have it.
void WartsTraces::read_file_address(ByteReader in) {
  in.skip(1);
  const std::uint8_t type = in.u8();
  const std::size_t size = type == 1 ? 4 : type == 2 ? 16 : in.size();
  const Bytes bytes = in.take(size);
  addresses_.push_back(type == 1   ? IpAddress::from_bytes(Family::Ipv4, bytes)
                       : type == 2 ? IpAddress::from_bytes(Family::Ipv6, bytes)
                                   : IpAddress{});
}

TraceRecord WartsTraces::read(std::string_view record) {
  ByteReader in{as_bytes(record)};
  if (in.u16() != kMagic) {
    return bad_record("is no warts record: the magic number 0x1205 was expected");
  }
  const std::uint16_t type = in.u16();
  const std::uint32_t size = in.u32();
  if (size != in.size()) {
    return bad_record("the length of a warts record is more than 16 MiB");
  }
  if (type == kTrace) {
    auto trace = TraceReader{in.rest(), addresses_}.read();
    if (!trace) {
      return bad_record("a warts trace is cut short, or names an address that did not come before");
    }
    trace->vantage = scamper_vantage(context_, trace->source, options_);
    return {std::move(*trace), {}, {}};
  }
  if (type == kCycleDefinition || type == kCycleStart) {
    read_cycle(in);
  } else if (type == kAddress) {
    read_file_address(in);
  }
  return {};
}

}  // namespace

std::unique_ptr<TraceFormat> make_warts_format(const TraceFileOptions& options) {
  return std::make_unique<WartsTraces>(options);
}

}  // namespace isthmus::collector
