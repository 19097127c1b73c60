#include "collector/detect/trace_upstream.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "collector/detect/trace_grade.hpp"
#include "collector/detect/trace_steps.hpp"
#include "core/base/hash.hpp"

namespace isthmus::collector {
namespace {

constexpr std::array<std::string_view, 27> kReasons{"exchange",
                                                    "filtered",
                                                    "hidden_as",
                                                    "ixp_port_unknown",
                                                    "long_gap",
                                                    "loop",
                                                    "moas",
                                                    "mpls",
                                                    "nat",
                                                    "no_as_label",
                                                    "other_host",
                                                    "own_route",
                                                    "registered",
                                                    "rtt_too_short",
                                                    "several_networks",
                                                    "sibling",
                                                    "silent",
                                                    "silent_gap",
                                                    "special",
                                                    "start_as_in_path",
                                                    "tail",
                                                    "tail_unknown",
                                                    "target_in_path",
                                                    "third_party",
                                                    "third_party_inside",
                                                    "ttl_above_64",
                                                    "unannounced"};

/// Names a traceroute among all: equal for every copy of it, whichever way it came.
std::uint64_t evidence_of(const Traceroute& trace, const Prefix& prefix) {
  std::uint64_t id = hash_text(trace.vantage.source);
  id = combine(id, hash_value(trace.vantage.address));
  id = combine(id, trace.vantage.asn.value);
  id = combine(id, hash_value(trace.destination));
  id = combine(id, hash_value(prefix));
  id = combine(id, static_cast<std::uint64_t>(trace.start.time_since_epoch().count()));
  id = combine(id, trace.flow);
  for (const Hop& hop : trace.hops) {
    for (const Reply& reply : hop.replies) {
      id = combine(id, hash_value(reply.address));
      id = combine(id, static_cast<std::uint64_t>(reply.rtt.count()) ^ hop.ttl);
    }
  }
  return id;
}

/// The AS hops, without repetitions; what several networks share is left out.
std::vector<Asn> as_hops(const TraceSteps& read, std::size_t end, const Traceroute& trace) {
  std::vector<Asn> path;
  const auto add = [&](Asn asn) {
    if (path.empty() || path.back() != asn) {
      path.push_back(asn);
    }
  };
  if (trace.vantage.asn.value != 0) {
    add(trace.vantage.asn);
  }
  for (std::size_t i = 0; i < end; ++i) {
    if (read.steps[i].kind == StepKind::As) {
      add(read.steps[i].asns.front());
    }
  }
  return path;
}

void add_host_reasons(const TraceSteps& read, const TraceContext& context,
                      std::vector<std::string_view>& reasons) {
  if (read.steps.empty() || !read.steps.back().destination) {
    return;
  }
  const TraceStep& last = read.steps.back();
  if (last.rewritten) {
    reasons.push_back("nat");
  }
  if (context.rtt_floor && last.rtt && *last.rtt < *context.rtt_floor) {
    reasons.push_back("rtt_too_short");
  }
  if (context.initial_ttl && read.reply_ttl &&
      initial_ttl(*read.reply_ttl) != *context.initial_ttl) {
    reasons.push_back("other_host");
  }
}

TraceEvidence evidence_from(const TraceSteps& read, const TraceEntry& entry) {
  TraceEvidence evidence;
  evidence.reached = !entry.tail && !read.steps.empty();
  if (evidence.reached && read.steps.back().destination) {
    evidence.rtt = read.steps.back().rtt;
  }
  return evidence;
}

/// Writes who was named, and why, into the observation.
void tell(const TraceSteps& read, const TraceEntry& entry, const TraceGrade& graded,
          Observation& seen) {
  seen.grade = graded.grade;
  if (graded.grade != Grade::X) {
    seen.verdict = Verdict::Upstream;
    seen.upstreams = graded.upstreams;
  }
  seen.trace->upstream_addresses = entry.addresses;
  seen.trace->run_length =
      static_cast<std::uint8_t>(std::min<std::size_t>(entry.addresses.size(), 255));
  seen.trace->gap = static_cast<std::uint8_t>(entry.gap);
  seen.trace->via_ixp = graded.via_ixp;
  const auto& rtt = read.steps[entry.last].rtt;
  if (seen.trace->rtt && rtt) {
    seen.trace->gap_rtt = *seen.trace->rtt - *rtt;
  }
}

std::vector<std::string> sorted_texts(std::vector<std::string_view> reasons) {
  std::sort(reasons.begin(), reasons.end());
  reasons.erase(std::unique(reasons.begin(), reasons.end()), reasons.end());
  return {reasons.begin(), reasons.end()};
}

}  // namespace

std::span<const std::string_view> trace_reasons() {
  return kReasons;
}

std::uint8_t initial_ttl(std::uint8_t reply_ttl) {
  constexpr std::array<std::uint8_t, 3> kStarts{32, 64, 128};
  const auto* const start = std::lower_bound(kStarts.begin(), kStarts.end(), reply_ttl);
  return start == kStarts.end() ? 255 : *start;
}

std::optional<Observation> read_trace(const LabelledTrace& labelled, const TraceContext& context) {
  const Traceroute& trace = labelled.trace;
  if (!context.prefix.contains(trace.destination)) {
    return std::nullopt;
  }
  const TraceSteps read = read_steps(labelled, context);
  const TraceEntry entry = find_entry(read, context, trace.vantage.asn);
  Observation seen;
  seen.time = trace.end;
  seen.receive_time = context.receive_time.value_or(trace.end);
  seen.vantage = trace.vantage;
  seen.vantage.plane = Plane::Data;
  seen.target = context.target.name;
  seen.prefix = context.prefix;
  seen.trace = evidence_from(read, entry);
  seen.evidence_id = evidence_of(trace, context.prefix);
  seen.path = as_hops(read, std::min(entry.entry, read.steps.size()), trace);
  std::vector<std::string_view> reasons;
  if (entry.inconclusive.empty()) {
    TraceGrade graded = grade_entry(read, entry, context);
    reasons = std::move(graded.reasons);
    tell(read, entry, graded, seen);
  } else {
    reasons.push_back(entry.inconclusive);
  }
  if (std::find(reasons.begin(), reasons.end(), "hidden_as") != reasons.end()) {
    seen.path.push_back(seen.upstreams.front());
  }
  if (!context.target.origins.empty() && seen.trace->reached) {
    seen.path.push_back(context.target.origins.front());
  }
  const auto flag = [&](bool holds, std::string_view reason) {
    if (holds) {
      reasons.push_back(reason);
    }
  };
  flag(read.loop, "loop");
  flag(read.hail_mary, "ttl_above_64");
  flag(read.filtered, "filtered");
  flag(entry.foreign_inside, "third_party_inside");
  flag(std::any_of(read.steps.begin(), read.steps.end(),
                   [](const TraceStep& step) { return step.sibling; }),
       "sibling");
  add_host_reasons(read, context, reasons);
  seen.reasons = sorted_texts(std::move(reasons));
  return seen;
}

}  // namespace isthmus::collector
