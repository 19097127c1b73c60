#include "core/wire/plan_message.hpp"

#include <limits>

#include <probe.pb.h>

#include "core/wire/address_list.hpp"
#include "core/wire/message_codec.hpp"

namespace isthmus {
namespace {

constexpr std::uint32_t kVersion = 1;
constexpr std::uint32_t kMostFlows = std::numeric_limits<std::uint16_t>::max();
constexpr std::size_t kMaxName = 64;
constexpr std::size_t kMaxEtag = 128;
constexpr double kMaxRate = 1e7;
constexpr Duration kMinInterval = std::chrono::seconds{1};
constexpr Duration kMaxInterval = std::chrono::hours{24};

template <typename Message>
void write_destinations(const std::vector<IpAddress>& destinations, Message& out) {
  for (const IpAddress& each : destinations) {
    append_octets(each.is_v4() ? *out.mutable_destinations_v4() : *out.mutable_destinations_v6(),
                  each);
  }
}

/// Counts what is read, over the whole plan.
class PlanReader {
 public:
  Result<void> read(const wire::v1::Plan& from, PlanMessage& plan) {
    if (from.etag().size() > kMaxEtag) {
      return fail("etag: longer than " + std::to_string(kMaxEtag));
    }
    plan.etag = from.etag();
    if (static_cast<std::size_t>(from.targets_size()) > kMaxPlanTargets) {
      return fail("more than " + std::to_string(kMaxPlanTargets) + " targets");
    }
    if (static_cast<std::size_t>(from.sweeps_size()) > kMaxPlanSweeps ||
        static_cast<std::size_t>(from.traces_size()) > kMaxPlanSweeps) {
      return fail("more than " + std::to_string(kMaxPlanSweeps) + " sweeps or traces");
    }
    const auto each_of = [](const auto& list, auto&& convert, const char* what) -> Result<void> {
      int index = 0;
      for (const auto& each : list) {
        if (auto done = convert(each); !done) {
          return unexpected{done.error().within(std::string{what} + ' ' + std::to_string(index))};
        }
        ++index;
      }
      return {};
    };
    auto done = each_of(
        from.targets(), [&](const auto& each) { return read_target(each, plan); }, "target");
    if (done) {
      done = each_of(
          from.sweeps(), [&](const auto& each) { return read_sweep(each, plan); }, "sweep");
    }
    if (done) {
      done = each_of(
          from.traces(), [&](const auto& each) { return read_trace(each, plan); }, "trace");
    }
    if (!done) {
      return done;
    }
    plan.limits = {.rate = from.limits().rate(),
                   .destination_rate = from.limits().destination_rate()};
    const auto is_rate = [](double rate) { return rate >= 0 && rate <= kMaxRate; };
    if (!is_rate(plan.limits.rate) || !is_rate(plan.limits.destination_rate)) {
      return fail("limits: a rate that is none");
    }
    return {};
  }

 private:
  template <typename Message>
  Result<void> read_destinations(const Message& from, std::vector<IpAddress>& destinations) {
    if (!append_addresses(from.destinations_v4(), Family::Ipv4, destinations) ||
        !append_addresses(from.destinations_v6(), Family::Ipv6, destinations)) {
      return fail("destinations do not come out even");
    }
    destinations_ += destinations.size();
    if (destinations_ > kMaxPlanDestinations) {
      return fail("more than " + std::to_string(kMaxPlanDestinations) + " destinations");
    }
    return {};
  }

  static Result<ProbeMethod> read_method(std::uint32_t method) {
    if (method > static_cast<std::uint32_t>(ProbeMethod::TcpAck)) {
      return fail("unknown method " + std::to_string(method));
    }
    return static_cast<ProbeMethod>(method);
  }

  Result<void> read_prefix(const wire::v1::PlanPrefix& from, PlanTarget& target) {
    const auto address = address_from(from.address());
    if (!address || from.length() > address_bits(address->family())) {
      return fail("a prefix that is none");
    }
    PlanPrefix prefix{.prefix = Prefix::covering(*address, from.length())};
    if (auto done = read_destinations(from, prefix.destinations); !done) {
      return done;
    }
    for (const IpAddress& each : prefix.destinations) {
      if (!prefix.prefix.contains(each)) {
        return fail(each.to_string() + " is not in " + prefix.prefix.to_string());
      }
    }
    target.prefixes.push_back(std::move(prefix));
    return {};
  }

  Result<void> read_target(const wire::v1::PlanTarget& from, PlanMessage& plan) {
    PlanTarget target{.name = from.name(), .methods = {}};
    if (from.name().empty() || from.name().size() > kMaxName) {
      return fail("needs a name of at most " + std::to_string(kMaxName) + " bytes");
    }
    if (from.interval_us() < static_cast<std::uint64_t>(kMinInterval.count()) ||
        from.interval_us() > static_cast<std::uint64_t>(kMaxInterval.count())) {
      return fail("an interval outside of one second to one day");
    }
    target.interval = Duration{static_cast<std::int64_t>(from.interval_us())};
    if (from.flows() == 0 || from.flows() > kMostFlows) {
      return fail(std::to_string(from.flows()) + " flows");
    }
    target.flows = static_cast<std::uint16_t>(from.flows());
    constexpr int kMethods = 4;
    if (from.methods_size() == 0 || from.methods_size() > kMethods) {
      return fail("needs one to four methods");
    }
    for (const std::uint32_t each : from.methods()) {
      const auto method = read_method(each);
      if (!method) {
        return unexpected{method.error()};
      }
      target.methods.push_back(*method);
    }
    for (const wire::v1::PlanPrefix& each : from.prefixes()) {
      if (auto done = read_prefix(each, target); !done) {
        return done;
      }
    }
    plan.targets.push_back(std::move(target));
    return {};
  }

  Result<void> read_sweep(const wire::v1::Sweep& from, PlanMessage& plan) {
    PlanSweep sweep{.id = from.id()};
    const auto method = read_method(from.method());
    if (!method) {
      return unexpected{method.error()};
    }
    if (from.flows() == 0 || from.flows() > kMostFlows) {
      return fail(std::to_string(from.flows()) + " flows");
    }
    if (from.spacing_us() > static_cast<std::uint64_t>(kMaxInterval.count())) {
      return fail("flows more than a day apart");
    }
    sweep.method = *method;
    sweep.flows = static_cast<std::uint16_t>(from.flows());
    sweep.at = TimePoint{Duration{from.at_us()}};
    sweep.spacing = Duration{static_cast<std::int64_t>(from.spacing_us())};
    auto done = read_destinations(from, sweep.destinations);
    plan.sweeps.push_back(std::move(sweep));
    return done;
  }

  static Result<void> read_trace(const wire::v1::TraceRequest& from, PlanMessage& plan) {
    const auto address = address_from(from.destination());
    const auto method = read_method(from.method());
    if (!method) {
      return unexpected{method.error()};
    }
    if (!address) {
      return fail("a destination that is none");
    }
    if (from.flow() > kMostFlows || from.max_ttl() == 0 ||
        from.max_ttl() > std::numeric_limits<std::uint8_t>::max()) {
      return fail("a flow or TTL out of range");
    }
    plan.traces.push_back({.id = from.id(),
                           .destination = *address,
                           .method = *method,
                           .flow = static_cast<std::uint16_t>(from.flow()),
                           .max_ttl = static_cast<std::uint8_t>(from.max_ttl()),
                           .until = TimePoint{Duration{from.until_us()}}});
    return {};
  }

  std::size_t destinations_ = 0;
};

void write_target(const PlanTarget& target, wire::v1::PlanTarget& out) {
  out.set_name(target.name);
  out.set_interval_us(static_cast<std::uint64_t>(target.interval.count()));
  out.set_flows(target.flows);
  for (const ProbeMethod method : target.methods) {
    out.add_methods(static_cast<std::uint32_t>(method));
  }
  for (const PlanPrefix& prefix : target.prefixes) {
    wire::v1::PlanPrefix& copy = *out.add_prefixes();
    append_octets(*copy.mutable_address(), prefix.prefix.address());
    copy.set_length(prefix.prefix.length());
    write_destinations(prefix.destinations, copy);
  }
}

void write_sweep(const PlanSweep& sweep, wire::v1::Sweep& out) {
  out.set_id(sweep.id);
  write_destinations(sweep.destinations, out);
  out.set_flows(sweep.flows);
  out.set_method(static_cast<std::uint32_t>(sweep.method));
  out.set_at_us(sweep.at.time_since_epoch().count());
  out.set_spacing_us(static_cast<std::uint64_t>(sweep.spacing.count()));
}

void write_trace(const PlanTrace& trace, wire::v1::TraceRequest& out) {
  out.set_id(trace.id);
  append_octets(*out.mutable_destination(), trace.destination);
  out.set_method(static_cast<std::uint32_t>(trace.method));
  out.set_flow(trace.flow);
  out.set_max_ttl(trace.max_ttl);
  out.set_until_us(trace.until.time_since_epoch().count());
}

}  // namespace

std::string encode_plan(const PlanMessage& plan) {
  wire::v1::Plan out;
  out.set_version(kVersion);
  out.set_etag(plan.etag);
  for (const PlanTarget& each : plan.targets) {
    write_target(each, *out.add_targets());
  }
  for (const PlanSweep& each : plan.sweeps) {
    write_sweep(each, *out.add_sweeps());
  }
  for (const PlanTrace& each : plan.traces) {
    write_trace(each, *out.add_traces());
  }
  out.mutable_limits()->set_rate(plan.limits.rate);
  out.mutable_limits()->set_destination_rate(plan.limits.destination_rate);
  return out.SerializeAsString();
}

Result<PlanMessage> decode_plan(Bytes input) {
  auto message = parse_message<wire::v1::Plan>(input, kMaxPlanBytes);
  if (!message) {
    return unexpected{message.error()};
  }
  if (message->version() == 0 || message->version() > kVersion) {
    return fail("version " + std::to_string(message->version()) + " of the plan; known is " +
                std::to_string(kVersion));
  }
  PlanMessage plan;
  if (auto done = PlanReader{}.read(*message, plan); !done) {
    return unexpected{done.error()};
  }
  return plan;
}

}  // namespace isthmus
