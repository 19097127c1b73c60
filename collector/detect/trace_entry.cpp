#include "collector/detect/trace_entry.hpp"

#include <algorithm>

namespace isthmus::collector {
namespace {

using Steps = std::vector<TraceStep>;

bool has_name(const TraceStep& step) {
  return step.kind == StepKind::As || step.kind == StepKind::Ambiguous;
}

void add_addresses(std::vector<IpAddress>& to, const TraceStep& step) {
  for (const IpAddress& address : step.addresses) {
    if (std::find(to.begin(), to.end(), address) == to.end()) {
      to.push_back(address);
    }
  }
}

/// Whether every foreign block behind the entry is one address with the target behind it again: a
/// router of the target that answers with an address of its provider.
bool stays_inside(const Steps& steps, std::size_t entry, bool& foreign_inside) {
  std::vector<IpAddress> foreign;
  for (std::size_t i = entry; i < steps.size(); ++i) {
    if (steps[i].kind == StepKind::Target) {
      foreign.clear();
    } else if (has_name(steps[i])) {
      foreign_inside = true;
      add_addresses(foreign, steps[i]);
      if (foreign.size() > 1) {
        return false;
      }
    }
  }
  return foreign.empty();
}

/// Whether the trace comes back into the network that it began in.
bool returns_to_start(const Steps& steps, std::size_t end, Asn vantage) {
  bool left = false;
  for (std::size_t i = 0; i < end; ++i) {
    if (steps[i].kind != StepKind::As) {
      continue;
    }
    const bool home = steps[i].asns.front() == vantage;
    if (home && left) {
      return true;
    }
    left |= !home;
  }
  return false;
}

/// The block of one name that ends at `entry.last`; a single step without a name may be within it.
void find_block(const Steps& steps, TraceEntry& entry) {
  bool bridged = false;
  std::size_t at = entry.last;
  entry.begin = entry.last;
  add_addresses(entry.addresses, steps[entry.last]);
  while (at > 0) {
    --at;
    if (has_name(steps[at])) {
      if (steps[at].kind != steps[entry.last].kind || steps[at].asns != steps[entry.last].asns) {
        break;
      }
      entry.begin = at;
      add_addresses(entry.addresses, steps[at]);
    } else if (bridged || steps[at].kind == StepKind::Target) {
      break;
    } else {
      bridged = true;
    }
  }
  std::reverse(entry.addresses.begin(), entry.addresses.end());
}

}  // namespace

TraceEntry find_entry(const TraceSteps& read, const TraceContext& context, Asn vantage) {
  const Steps& steps = read.steps;
  TraceEntry entry;
  const auto& origins = context.target.origins;
  if (std::find(origins.begin(), origins.end(), vantage) != origins.end()) {
    entry.inconclusive = "own_route";
    return entry;
  }
  if (steps.empty()) {
    entry.inconclusive = "silent";
    return entry;
  }
  while (entry.entry < steps.size() && steps[entry.entry].kind != StepKind::Target) {
    ++entry.entry;
  }
  entry.tail = entry.entry == steps.size();
  if (!stays_inside(steps, entry.entry, entry.foreign_inside)) {
    entry.inconclusive = "target_in_path";
    return entry;
  }
  if (vantage.value != 0 && returns_to_start(steps, entry.entry, vantage)) {
    entry.inconclusive = "start_as_in_path";
    return entry;
  }
  std::size_t named = entry.entry;
  while (named > 0 && !has_name(steps[named - 1])) {
    --named;
  }
  if (named == 0) {
    entry.inconclusive = "no_as_label";
    return entry;
  }
  entry.last = named - 1;
  entry.gap = static_cast<unsigned>(entry.entry - named);
  if (steps[entry.last].kind == StepKind::Ambiguous && !steps[entry.last].several_networks) {
    entry.inconclusive = "moas";
    return entry;
  }
  find_block(steps, entry);
  std::size_t front = entry.begin;
  while (front > 0 && steps[front - 1].kind != StepKind::As) {
    --front;
  }
  if (front > 0) {
    entry.before = steps[front - 1].asns.front();
  } else if (vantage.value != 0) {
    entry.before = vantage;
  }
  return entry;
}

}  // namespace isthmus::collector
