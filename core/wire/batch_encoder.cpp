#include <algorithm>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>
#include <probe.pb.h>

#include "core/wire/address_list.hpp"
#include "core/wire/result_batch.hpp"
#include "core/wire/zstd_frame.hpp"

namespace isthmus {
namespace {

using Column = google::protobuf::RepeatedField<std::uint32_t>;

/// The difference of two numbers, whatever they are: the reader's sum wraps around likewise.
std::int64_t step(std::int64_t from, std::int64_t to) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(to) -
                                   static_cast<std::uint64_t>(from));
}

std::int64_t count(TimePoint time) {
  return time.time_since_epoch().count();
}

/// Shortens a column that says one thing only: to nothing if that is zero.
void collapse(Column& column) {
  if (!column.empty() && std::all_of(column.begin(), column.end(),
                                     [&](std::uint32_t each) { return each == column[0]; })) {
    column.Truncate(column[0] == 0 ? 0 : 1);
  }
}

template <typename F>
void fill(Column& column, const Traceroute& trace, const F& value) {
  for (const Hop& hop : trace.hops) {
    for (const Reply& reply : hop.replies) {
      column.Add(value(reply));
    }
  }
  collapse(column);
}

/// Zero for nothing, and one more than what there is.
std::uint32_t plus_one(const std::optional<std::uint8_t>& value) {
  return value ? *value + 1U : 0U;
}

std::uint64_t pack(const MplsLabel& label) {
  return std::uint64_t{label.label} << 17 | std::uint64_t{label.traffic_class} << 9 |
         std::uint64_t{label.bottom} << 8 | label.ttl;
}

void write_hops(const Traceroute& trace, wire::v1::Trace& out) {
  out.set_hops(static_cast<std::uint32_t>(trace.hops.size()));
  bool counts_up = true;
  std::uint32_t expected = 1;
  for (const Hop& hop : trace.hops) {
    counts_up = counts_up && hop.ttl == expected++;
    out.mutable_hop_sent()->Add(hop.sent);
    out.mutable_hop_replies()->Add(static_cast<std::uint32_t>(hop.replies.size()));
  }
  if (!counts_up) {
    for (const Hop& hop : trace.hops) {
      out.mutable_hop_ttl()->Add(hop.ttl);
    }
  }
  collapse(*out.mutable_hop_sent());
  collapse(*out.mutable_hop_replies());
}

void write_rtts(const Traceroute& trace, wire::v1::Trace& out) {
  std::int64_t before = 0;
  bool zero = true;
  for (const Hop& hop : trace.hops) {
    for (const Reply& reply : hop.replies) {
      out.add_reply_rtt_us(step(before, reply.rtt.count()));
      before = reply.rtt.count();
      zero = zero && before == 0;
    }
  }
  if (zero) {
    out.clear_reply_rtt_us();
  }
}

void write_ip_ids(const Traceroute& trace, std::string& out) {
  bool zero = true;
  for (const Hop& hop : trace.hops) {
    for (const Reply& reply : hop.replies) {
      out += static_cast<char>(reply.ip_id >> 8);
      out += static_cast<char>(reply.ip_id & 0xff);
      zero = zero && reply.ip_id == 0;
    }
  }
  if (zero) {
    out.clear();
  }
}

void write_extensions(const Traceroute& trace, wire::v1::Trace& out) {
  std::uint32_t index = 0;
  for (const Hop& hop : trace.hops) {
    for (const Reply& reply : hop.replies) {
      if (!reply.mpls.empty()) {
        wire::v1::LabelStack& stack = *out.add_labels();
        stack.set_reply(index);
        for (const MplsLabel& label : reply.mpls) {
          stack.add_entries(pack(label));
        }
      }
      for (const IcmpObject& object : reply.objects) {
        wire::v1::IcmpObject& copy = *out.add_objects();
        copy.set_reply(index);
        copy.set_class_number(object.class_number);
        copy.set_type(object.type);
        copy.set_payload(object.payload.data(), object.payload.size());
      }
      ++index;
    }
  }
}

void write_replies(const Traceroute& trace, wire::v1::Trace& out) {
  fill(*out.mutable_reply_kind(), trace,
       [](const Reply& each) { return static_cast<std::uint32_t>(each.kind); });
  write_rtts(trace, out);
  fill(*out.mutable_reply_ttl(), trace, [](const Reply& each) { return each.reply_ttl; });
  fill(*out.mutable_reply_quoted_ttl(), trace,
       [](const Reply& each) { return plus_one(each.quoted_ttl); });
  fill(*out.mutable_reply_icmp_type(), trace, [](const Reply& each) { return each.icmp_type; });
  fill(*out.mutable_reply_icmp_code(), trace, [](const Reply& each) { return each.icmp_code; });
  fill(*out.mutable_reply_size(), trace, [](const Reply& each) { return each.size; });
  fill(*out.mutable_reply_attempt(), trace, [](const Reply& each) { return each.attempt; });
  fill(*out.mutable_reply_tos(), trace, [](const Reply& each) { return each.tos; });
  fill(*out.mutable_reply_quoted_tos(), trace,
       [](const Reply& each) { return plus_one(each.quoted_tos); });
  write_ip_ids(trace, *out.mutable_reply_ip_id());
  fill(*out.mutable_reply_mtu(), trace, [](const Reply& each) { return each.mtu; });
  fill(*out.mutable_reply_tcp_flags(), trace, [](const Reply& each) { return each.tcp_flags; });
  fill(*out.mutable_reply_nat(), trace, [](const Reply& each) { return each.nat ? 1U : 0U; });
  write_extensions(trace, out);
}

/// The field `number`, of bytes: its tag and its length.
void append_head(std::string& text, std::uint32_t number, std::size_t length) {
  text += static_cast<char>(number << 3 | 2);
  for (; length >= 0x80; length >>= 7) {
    text += static_cast<char>(length | 0x80);
  }
  text += static_cast<char>(length);
}

/// A message, and fields of a newer schema behind its own.
void append_field(std::string& text, std::uint32_t number,
                  const google::protobuf::MessageLite& message, std::string_view unknown) {
  const std::size_t length = message.ByteSizeLong();
  append_head(text, number, length + unknown.size());
  const std::size_t at = text.size();
  text.resize(at + length);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): protobuf's bytes
  message.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(text.data() + at));
  text += unknown;
}

}  // namespace

struct BatchEncoder::Impl {
  static constexpr std::uint32_t kIpv6 = std::uint32_t{1} << 31;

  explicit Impl(int level) : packer{level} {}

  void note(const IpAddress& address) {
    const bool v4 = address.is_v4();
    std::uint32_t& next = v4 ? next_v4 : next_v6;
    const auto [place, is_new] = indexes.try_emplace(address, v4 ? next : next | kIpv6);
    if (is_new) {
      ++next;
      append_octets(v4 ? *header.mutable_addresses_v4() : *header.mutable_addresses_v6(), address);
    }
    noted.push_back(place->second);
  }
  /// The next of the noted addresses, as a trace names it.
  std::uint32_t take() {
    const std::uint32_t index = noted[taken++];
    return (index & kIpv6) != 0 ? (index & ~kIpv6) + next_v4 : index;
  }
  void note_addresses(const ResultBatch& batch);
  void write_header(const ResultBatch& batch);
  std::uint32_t vantage_index(const VantagePoint& vantage);
  void write_trace(const SequencedTraceroute& each, const SequencedTraceroute& before);

  ZstdPacker packer;
  wire::v1::BatchHeader header;
  wire::v1::Trace trace;
  boost::unordered_flat_map<IpAddress, std::uint32_t, std::hash<IpAddress>> indexes;
  std::uint32_t next_v4 = 0;
  std::uint32_t next_v6 = 0;
  std::vector<std::uint32_t> noted;
  std::size_t taken = 0;
  std::vector<const VantagePoint*> vantages;
  std::string text;
};

void BatchEncoder::Impl::note_addresses(const ResultBatch& batch) {
  indexes.clear();
  noted.clear();
  next_v4 = next_v6 = 0;
  taken = 0;
  for (const SequencedTraceroute& each : batch.traces) {
    note(each.trace.source);
    note(each.trace.destination);
    for (const Hop& hop : each.trace.hops) {
      for (const Reply& reply : hop.replies) {
        note(reply.address);
      }
    }
  }
}

std::uint32_t BatchEncoder::Impl::vantage_index(const VantagePoint& vantage) {
  // From the end: neighbours tend to come from one place.
  for (std::size_t i = vantages.size(); i > 0; --i) {
    if (*vantages[i - 1] == vantage) {
      return static_cast<std::uint32_t>(i - 1);
    }
  }
  wire::v1::Vantage& copy = *header.add_vantages();
  copy.set_plane(static_cast<std::uint32_t>(vantage.plane));
  copy.set_source(vantage.source);
  append_octets(*copy.mutable_address(), vantage.address);
  copy.set_asn(vantage.asn.value);
  vantages.push_back(&vantage);
  return static_cast<std::uint32_t>(vantages.size() - 1);
}

void BatchEncoder::Impl::write_header(const ResultBatch& batch) {
  header.set_version(kWireVersion);
  header.set_probe(batch.probe);
  header.set_boot(batch.boot);
  header.set_software(batch.software);
  if (batch.clock_offset) {
    header.set_clock_offset_us(batch.clock_offset->count());
  }
  if (!batch.traces.empty()) {
    header.set_first_sequence(batch.traces.front().sequence);
    header.set_first_start_us(count(batch.traces.front().trace.start));
  }
  vantages.clear();
  for (const SequencedTraceroute& each : batch.traces) {
    vantage_index(each.trace.vantage);
  }
}

void BatchEncoder::Impl::write_trace(const SequencedTraceroute& each,
                                     const SequencedTraceroute& before) {
  const Traceroute& from = each.trace;
  trace.Clear();
  if (&each != &before) {
    trace.set_sequence_step(static_cast<std::int64_t>(each.sequence - before.sequence - 1));
    trace.set_start_step_us(step(count(before.trace.start), count(from.start)));
  }
  trace.set_vantage(vantage_index(from.vantage));
  trace.set_source(take());
  trace.set_destination(take());
  trace.set_method(static_cast<std::uint32_t>(from.method));
  trace.set_flow(from.flow);
  trace.set_source_port(from.source_port);
  trace.set_destination_port(from.destination_port);
  trace.set_probe_size(from.probe_size);
  trace.set_duration_us(step(count(from.start), count(from.end)));
  trace.set_stop(static_cast<std::uint32_t>(from.stop));
  trace.set_request(each.request);
  write_hops(from, trace);
  fill(*trace.mutable_reply_address(), from, [this](const Reply&) { return take(); });
  write_replies(from, trace);
  append_field(text, 2, trace, each.unknown);
}

BatchEncoder::BatchEncoder(int level) : impl_{std::make_unique<Impl>(level)} {}
BatchEncoder::BatchEncoder(BatchEncoder&&) noexcept = default;
BatchEncoder& BatchEncoder::operator=(BatchEncoder&&) noexcept = default;
BatchEncoder::~BatchEncoder() = default;

std::string BatchEncoder::encode(const ResultBatch& batch) {
  Impl& impl = *impl_;
  impl.header.Clear();
  impl.text.clear();
  impl.note_addresses(batch);
  impl.write_header(batch);
  append_field(impl.text, 1, impl.header, batch.unknown_header);
  for (std::size_t i = 0; i < batch.traces.size(); ++i) {
    impl.write_trace(batch.traces[i], batch.traces[i == 0 ? 0 : i - 1]);
  }
  impl.text += batch.unknown;
  std::string packed;
  impl.packer.pack(impl.text, packed);
  return packed;
}

std::string encode_batch(const ResultBatch& batch) {
  return BatchEncoder{}.encode(batch);
}

}  // namespace isthmus
