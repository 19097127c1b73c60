#include "collector/detect/trace_grade.hpp"

#include <algorithm>
#include <optional>

namespace isthmus::collector {
namespace {

/// More steps than this without a name, and the trace does not say who handed over.
constexpr unsigned kLongestGap = 6;

bool contains(std::span<const Asn> sorted, Asn asn) {
  return std::find(sorted.begin(), sorted.end(), asn) != sorted.end();
}

/// What is known of ASes around the target.
class Surroundings {
 public:
  explicit Surroundings(const TraceContext& context) : context_{context} {}

  /// Whether the AS is known as an upstream, or was seen as one in BGP.
  [[nodiscard]] bool beside_target(Asn asn) const {
    return contains(context_.known, asn) || contains(neighbours(), asn);
  }
  /// Whether any source at all puts the AS next to the target.
  [[nodiscard]] bool related_to_target(Asn asn) const {
    return beside_target(asn) ||
           (context_.relations != nullptr &&
            std::any_of(context_.target.origins.begin(), context_.target.origins.end(),
                        [&](Asn origin) { return context_.relations->are_related(asn, origin); }));
  }
  [[nodiscard]] bool established(Asn asn) const { return contains(context_.established, asn); }
  /// Whether the two follow each other on a BGP path to the target.
  [[nodiscard]] bool adjacent(Asn left, Asn right) const {
    return context_.edges != nullptr && context_.edges->adjacent(left, right);
  }
  [[nodiscard]] bool related(Asn left, Asn right) const {
    return adjacent(left, right) ||
           (context_.relations != nullptr && context_.relations->are_related(left, right));
  }
  /// The only AS that BGP paths put between this one and the target.
  [[nodiscard]] std::optional<Asn> hidden_behind(Asn asn) const {
    std::optional<Asn> only;
    for (const Asn neighbour : neighbours()) {
      if (neighbour == asn || !adjacent(asn, neighbour)) {
        continue;
      }
      if (only) {
        return std::nullopt;
      }
      only = neighbour;
    }
    return only;
  }

 private:
  [[nodiscard]] std::span<const Asn> neighbours() const {
    return context_.edges == nullptr ? std::span<const Asn>{} : context_.edges->neighbours();
  }

  const TraceContext& context_;
};

/// Grades from A to X get worse: the worse of two.
void cap(TraceGrade& result, Grade grade, std::string_view reason) {
  result.grade = std::max(result.grade, grade);
  result.reasons.push_back(reason);
}

/// One address of an AS before the target: its router, or the target's own border router that
/// answers with an address of a link to that AS.
void grade_single(const TraceEntry& entry, const Surroundings& around, TraceGrade& result) {
  const Asn upstream = result.upstreams.front();
  result.grade = Grade::C;
  if (!entry.before) {
    return;
  }
  const Asn before = *entry.before;
  const bool third_party = before != upstream && around.established(before);
  // Behind an established upstream, files are not enough: they relate most carriers to each other.
  const bool follows =
      third_party ? around.adjacent(before, upstream) : around.related(before, upstream);
  if (follows && around.beside_target(upstream)) {
    result.grade = Grade::B;
  } else if (third_party) {
    result.upstreams = {before};
    result.reasons.push_back("third_party");
  }
}

void grade_block(const TraceSteps& read, const TraceEntry& entry, const Surroundings& around,
                 TraceGrade& result) {
  const Asn upstream = result.upstreams.front();
  if (entry.tail || entry.gap > kLongestGap) {
    if (entry.gap > kLongestGap) {
      result.reasons.push_back("long_gap");
    }
    if (entry.tail) {
      result.reasons.push_back(around.beside_target(upstream) ? "tail" : "tail_unknown");
    }
    if (around.beside_target(upstream)) {
      result.grade = Grade::C;
    } else {
      result.grade = Grade::X;
      result.upstreams.clear();
    }
    return;
  }
  if (entry.gap > 0 && !around.related_to_target(upstream)) {
    if (const auto hidden = around.hidden_behind(upstream)) {
      result.upstreams = {*hidden};
      result.grade = Grade::C;
      result.reasons.push_back("hidden_as");
      return;
    }
  }
  if (entry.addresses.size() > 1) {
    result.grade = entry.gap <= 1 ? Grade::A : Grade::B;
  } else {
    grade_single(entry, around, result);
  }
  const auto begin = read.steps.begin() + static_cast<std::ptrdiff_t>(entry.begin);
  const auto end = read.steps.begin() + static_cast<std::ptrdiff_t>(entry.last) + 1;
  if (std::any_of(begin, end, [](const TraceStep& step) { return step.registered; })) {
    cap(result, Grade::B, "registered");
  }
  if (std::all_of(begin, end, [](const TraceStep& step) { return step.exchange; })) {
    cap(result, Grade::C, "exchange");
  }
}

/// Peering LANs between the block and the target.
void grade_exchange(const TraceSteps& read, const TraceEntry& entry, const Surroundings& around,
                    TraceGrade& result) {
  if (!entry.tail && read.steps[entry.entry].exchange) {
    result.via_ixp = true;
    cap(result, Grade::C, "exchange");
    return;
  }
  for (std::size_t i = entry.last + 1; i < entry.entry; ++i) {
    const TraceStep& step = read.steps[i];
    if (step.kind == StepKind::Exchange) {
      // Somebody's port: the target's, or that of a network which did not answer otherwise.
      result.via_ixp = true;
      const bool plausible = step.target_member || around.beside_target(result.upstreams.front());
      cap(result, plausible ? Grade::C : Grade::D, "ixp_port_unknown");
      return;
    }
  }
}

void add_gap_reasons(const TraceSteps& read, const TraceEntry& entry, TraceGrade& result) {
  const auto begin = read.steps.begin() + static_cast<std::ptrdiff_t>(entry.last) + 1;
  const auto end = read.steps.begin() + static_cast<std::ptrdiff_t>(entry.entry);
  const auto any = [&](StepKind kind) {
    return std::any_of(begin, end, [&](const TraceStep& step) { return step.kind == kind; });
  };
  if (any(StepKind::Silent)) {
    result.reasons.push_back("silent_gap");
  }
  if (any(StepKind::Special)) {
    result.reasons.push_back("special");
  }
  if (any(StepKind::Unannounced)) {
    result.reasons.push_back("unannounced");
  }
}

}  // namespace

TraceGrade grade_entry(const TraceSteps& read, const TraceEntry& entry,
                       const TraceContext& context) {
  const Surroundings around{context};
  TraceGrade result;
  result.upstreams = read.steps[entry.last].asns;
  if (result.upstreams.size() == 1) {
    grade_block(read, entry, around, result);
  } else {
    result.grade = Grade::D;
  }
  add_gap_reasons(read, entry, result);
  if (result.grade == Grade::X) {
    return result;
  }
  grade_exchange(read, entry, around, result);
  if (read.loop) {
    cap(result, Grade::D, "loop");
  }
  const auto begin = read.steps.begin() + static_cast<std::ptrdiff_t>(entry.begin);
  const auto end = read.steps.begin() +
                   static_cast<std::ptrdiff_t>(std::min(entry.entry + 1, read.steps.size()));
  if (std::any_of(begin, end, [](const TraceStep& step) { return step.several_networks; })) {
    cap(result, Grade::D, "several_networks");
  }
  if (std::any_of(begin, end, [](const TraceStep& step) { return step.mpls; })) {
    result.reasons.push_back("mpls");
  }
  return result;
}

}  // namespace isthmus::collector
