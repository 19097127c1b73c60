#include "collector/detect/trace_steps.hpp"

#include <algorithm>
#include <array>

namespace isthmus::collector {
namespace {

constexpr std::uint8_t kHighestTtl = 64;

bool contains(std::span<const Asn> list, Asn asn) {
  return std::find(list.begin(), list.end(), asn) != list.end();
}

void add_once(std::vector<Asn>& list, Asn asn) {
  const auto place = std::lower_bound(list.begin(), list.end(), asn);
  if (place == list.end() || *place != asn) {
    list.insert(place, asn);
  }
}

/// Makes a step of each TTL.
class StepReader {
 public:
  StepReader(const LabelledTrace& trace, const TraceContext& context)
      : trace_{trace},
        context_{context} {}

  TraceSteps read();

 private:
  [[nodiscard]] bool is_target(Asn asn) const { return contains(context_.target.origins, asn); }
  [[nodiscard]] bool is_sibling(Asn asn) const;
  [[nodiscard]] bool in_target_space(const IpAddress& address) const;
  [[nodiscard]] bool is_final(const Reply& reply) const;
  [[nodiscard]] bool accepts(const Reply& reply);
  TraceStep read_hop(const Hop& hop);
  [[nodiscard]] TraceStep name(const IpAddress& address) const;
  static void merge(TraceStep& step, TraceStep other);
  void resolve_moas();
  void cut_loop();

  const LabelledTrace& trace_;
  const TraceContext& context_;
  TraceSteps result_;
};

bool StepReader::is_sibling(Asn asn) const {
  if (contains(context_.target.siblings, asn)) {
    return true;
  }
  return context_.relations != nullptr &&
         std::any_of(context_.target.origins.begin(), context_.target.origins.end(),
                     [&](Asn origin) { return context_.relations->are_siblings(origin, asn); });
}

bool StepReader::in_target_space(const IpAddress& address) const {
  return context_.prefix.contains(address) ||
         std::any_of(context_.target.prefixes.begin(), context_.target.prefixes.end(),
                     [&](const Prefix& prefix) { return prefix.contains(address); });
}

bool StepReader::is_final(const Reply& reply) const {
  return reply.address == trace_.trace.destination && reply.kind != ReplyKind::TimeExceeded &&
         reply.kind != ReplyKind::PacketTooBig;
}

bool StepReader::accepts(const Reply& reply) {
  if (reply.kind == ReplyKind::TimeExceeded || is_final(reply)) {
    return true;
  }
  // A router that filters answers to every TTL from its own on: its place is not known.
  result_.filtered = true;
  return false;
}

/// What one address says.
TraceStep StepReader::name(const IpAddress& address) const {
  TraceStep step;
  step.kind = StepKind::Target;
  if (in_target_space(address)) {
    return step;
  }
  const Label& label = trace_.find(address);
  if (label.kind == LabelKind::Special || label.kind == LabelKind::Unannounced) {
    step.kind = label.kind == LabelKind::Special ? StepKind::Special : StepKind::Unannounced;
    return step;
  }
  step.registered = label.kind == LabelKind::Registered;
  step.exchange = label.kind == LabelKind::Ixp;
  step.target_member = std::any_of(label.members.begin(), label.members.end(),
                                   [&](Asn asn) { return is_target(asn); });
  const auto& asns = label.origins;
  if (std::any_of(asns.begin(), asns.end(), [&](Asn asn) { return is_target(asn); })) {
    return step;
  }
  step.sibling = asns.size() == 1 && is_sibling(asns.front());
  if (!step.sibling) {
    step.asns = asns;
    step.moas = asns.size() > 1;
    step.kind = asns.empty()      ? StepKind::Exchange
                : asns.size() > 1 ? StepKind::Ambiguous
                                  : StepKind::As;
  }
  return step;
}

/// Adds what another address says that answered to the same TTL.
void StepReader::merge(TraceStep& step, TraceStep other) {
  step.exchange |= other.exchange;
  step.target_member |= other.target_member;
  step.registered |= other.registered;
  step.sibling |= other.sibling;
  step.moas |= other.moas;
  const auto names = [](const TraceStep& each) {
    return each.kind == StepKind::Target || !each.asns.empty();
  };
  if (!names(other) || (step.kind == other.kind && step.asns == other.asns)) {
    return;
  }
  if (!names(step)) {
    step.kind = other.kind;
    step.asns = std::move(other.asns);
    return;
  }
  step.several_networks = true;
  if (step.kind == StepKind::Target || other.kind == StepKind::Target) {
    step.kind = StepKind::Target;
    step.asns.clear();
    return;
  }
  for (const Asn asn : other.asns) {
    add_once(step.asns, asn);
  }
  step.kind = StepKind::Ambiguous;
}

TraceStep StepReader::read_hop(const Hop& hop) {
  TraceStep step;
  step.ttl = hop.ttl;
  // The destination's answer ends the trace whatever else came back for the same TTL.
  const bool reached = std::any_of(hop.replies.begin(), hop.replies.end(),
                                   [&](const Reply& reply) { return is_final(reply); });
  for (const Reply& reply : hop.replies) {
    if (!accepts(reply) || (reached && !is_final(reply))) {
      continue;
    }
    if (std::find(step.addresses.begin(), step.addresses.end(), reply.address) ==
        step.addresses.end()) {
      TraceStep named = name(reply.address);
      if (step.addresses.empty()) {
        named.ttl = step.ttl;
        step = std::move(named);
      } else {
        merge(step, std::move(named));
      }
      step.addresses.push_back(reply.address);
    }
    step.rtt = step.rtt ? std::min(*step.rtt, reply.rtt) : reply.rtt;
    step.mpls |= !reply.mpls.empty() || reply.quoted_ttl.value_or(1) > 1;
    step.rewritten |= reply.nat;
    if (reached && !step.destination) {
      step.destination = true;
      result_.reply_ttl = reply.reply_ttl;
    }
  }
  return step;
}

/// A hop of several origins is what the nearest named hop beside it is, if that is one of them.
void StepReader::resolve_moas() {
  std::vector<TraceStep>& steps = result_.steps;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].kind != StepKind::Ambiguous) {
      continue;
    }
    const auto matches = [&](const TraceStep& other) {
      return other.kind == StepKind::As && contains(steps[i].asns, other.asns.front());
    };
    const auto named = [](const TraceStep& other) {
      return other.kind == StepKind::As || other.kind == StepKind::Target;
    };
    const auto at = steps.begin() + static_cast<std::ptrdiff_t>(i);
    const auto right = std::find_if(at + 1, steps.end(), named);
    const auto left = std::find_if(std::make_reverse_iterator(at), steps.rend(), named);
    if (left != steps.rend() && matches(*left)) {
      steps[i].asns = left->asns;
      steps[i].kind = StepKind::As;
    } else if (right != steps.end() && matches(*right)) {
      steps[i].asns = right->asns;
      steps[i].kind = StepKind::As;
    }
  }
}

/// An address at two TTLs in a row is one router that forwards with a TTL of zero; one that comes
/// back later is a loop, and what follows is not the way to the target.
void StepReader::cut_loop() {
  std::vector<TraceStep>& steps = result_.steps;
  for (std::size_t i = 0; i < steps.size() && steps[i].kind != StepKind::Target; ++i) {
    for (std::size_t k = 0; k + 1 < i; ++k) {
      const bool again = std::any_of(
          steps[i].addresses.begin(), steps[i].addresses.end(), [&](const IpAddress& address) {
            const auto& earlier = steps[k].addresses;
            const auto& before = steps[i - 1].addresses;
            return std::find(earlier.begin(), earlier.end(), address) != earlier.end() &&
                   std::find(before.begin(), before.end(), address) == before.end();
          });
      if (again) {
        steps.resize(i);
        result_.loop = true;
        result_.reply_ttl.reset();
        return;
      }
    }
  }
}

TraceSteps StepReader::read() {
  // Hops of imports may be in any order, and twice: a trace ends at the lowest TTL that reached.
  std::array<const Hop*, kHighestTtl + 1> by_ttl{};
  unsigned last = 0;
  for (const Hop& hop : trace_.trace.hops) {
    if (hop.ttl > kHighestTtl) {
      result_.hail_mary |= !hop.replies.empty();
    } else if (hop.ttl > 0 && by_ttl[hop.ttl] == nullptr) {
      by_ttl[hop.ttl] = &hop;
      last = std::max<unsigned>(last, hop.ttl);
    }
  }
  for (unsigned ttl = 1; ttl <= last; ++ttl) {
    TraceStep step;
    step.ttl = static_cast<std::uint8_t>(ttl);
    if (by_ttl[ttl] != nullptr) {
      step = read_hop(*by_ttl[ttl]);
    }
    result_.steps.push_back(std::move(step));
    if (result_.steps.back().destination) {
      break;
    }
  }
  while (!result_.steps.empty() && result_.steps.back().addresses.empty()) {
    result_.steps.pop_back();
  }
  cut_loop();
  resolve_moas();
  return std::move(result_);
}

}  // namespace

TraceSteps read_steps(const LabelledTrace& trace, const TraceContext& context) {
  return StepReader{trace, context}.read();
}

}  // namespace isthmus::collector
