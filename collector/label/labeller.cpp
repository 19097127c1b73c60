#include "collector/label/labeller.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include <fmt/format.h>

#include "collector/label/special_registry.hpp"
#include "core/base/hash.hpp"

namespace isthmus::collector {
namespace {

constexpr std::array<std::string_view, kLabelSources> kSourceNames = {
    "override", "ixp", "special", "mrt", "pfx2as", "csv", "mmdb", "registered"};

std::size_t index(LabelSource source) {
  return static_cast<std::size_t>(source);
}

}  // namespace

std::string_view to_string(LabelKind kind) {
  switch (kind) {
    case LabelKind::As:
      return "as";
    case LabelKind::Moas:
      return "moas";
    case LabelKind::Special:
      return "special";
    case LabelKind::Unannounced:
      return "unannounced";
    case LabelKind::Ixp:
      return "ixp";
    case LabelKind::Registered:
      return "registered";
  }
  return "unannounced";
}

std::string_view to_string(LabelSource source) {
  return kSourceNames[index(source)];
}

Labeller::Labeller() : sources_(kLabelSources) {
  sources_[index(LabelSource::Special)].version = kSpecialRegistryVersion;
  renew_version();
}

void Labeller::set_table(LabelSource source, OriginTable table, std::string version) {
  assert(source != LabelSource::Special && source != LabelSource::Ixp &&
         source != LabelSource::Registered);
  sources_[index(source)] = {std::move(table), std::move(version)};
  renew_version();
}

void Labeller::set_ixps(IxpTable table, std::string version) {
  ixps_ = std::move(table);
  sources_[index(LabelSource::Ixp)].version = std::move(version);
  renew_version();
}

void Labeller::set_registrations(RegisteredSpace space, std::string version) {
  space_ = std::move(space);
  sources_[index(LabelSource::Registered)].version = std::move(version);
  renew_version();
}

void Labeller::set_relations(AsRelations relations, std::string version) {
  relations_ = std::move(relations);
  relations_version_ = std::move(version);
  renew_version();
}

void Labeller::set_names(AsNames names, std::string version) {
  names_ = std::move(names);
  names_version_ = std::move(version);
}

std::optional<Label> Labeller::from_table(LabelSource source, const IpAddress& address) const {
  const Source& data = sources_[index(source)];
  if (!data.table) {
    return std::nullopt;
  }
  const auto match = data.table->longest_match(address);
  if (!match) {
    return std::nullopt;
  }
  Label label;
  label.kind = match->origins.size() == 1 ? LabelKind::As : LabelKind::Moas;
  label.origins.assign(match->origins.begin(), match->origins.end());
  label.prefix = match->prefix;
  label.source = to_string(source);
  label.version = data.version;
  return label;
}

std::optional<Label> Labeller::from_ixps(const IpAddress& address) const {
  const auto match = ixps_.find(address);
  if (!match) {
    return std::nullopt;
  }
  Label label;
  label.kind = LabelKind::Ixp;
  label.prefix = match->lan;
  if (match->member) {
    label.origins = {*match->member};
  }
  label.source = to_string(LabelSource::Ixp);
  label.version = sources_[index(LabelSource::Ixp)].version;
  label.name = match->ixp->name;
  label.members = match->ixp->members;
  return label;
}

std::optional<Label> Labeller::from_registrations(const IpAddress& address) const {
  const auto found = space_.find(address);
  if (!found || found->holder_asns.empty()) {
    return std::nullopt;
  }
  Label label;
  label.kind = LabelKind::Registered;
  label.prefix = found->prefix;
  label.origins.assign(found->holder_asns.begin(), found->holder_asns.end());
  label.source = to_string(LabelSource::Registered);
  label.version = sources_[index(LabelSource::Registered)].version;
  return label;
}

Label Labeller::label(const IpAddress& address) const {
  if (auto found = from_table(LabelSource::Override, address)) {
    return std::move(*found);
  }
  if (auto found = from_ixps(address)) {
    return std::move(*found);
  }
  const SpecialBlock* block = find_special(address);
  if (block == nullptr || block->reach == Reach::Global) {
    for (const LabelSource source :
         {LabelSource::Mrt, LabelSource::Pfx2as, LabelSource::Csv, LabelSource::Mmdb}) {
      if (auto found = from_table(source, address)) {
        return std::move(*found);
      }
    }
  }
  if (block == nullptr) {
    if (auto found = from_registrations(address)) {
      return std::move(*found);
    }
  }
  Label label;
  if (block == nullptr) {
    label.prefix = Prefix::covering(address, 0);
    return label;
  }
  label.kind = LabelKind::Special;
  label.prefix = block->prefix;
  label.source = to_string(LabelSource::Special);
  label.version = sources_[index(LabelSource::Special)].version;
  return label;
}

LabelledTrace Labeller::label_trace(Traceroute trace) const {
  LabelledTrace labelled;
  std::vector<IpAddress> addresses{trace.destination};
  for (const Hop& hop : trace.hops) {
    for (const Reply& reply : hop.replies) {
      addresses.push_back(reply.address);
    }
  }
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  labelled.labels.reserve(addresses.size());
  for (const IpAddress& address : addresses) {
    labelled.labels.push_back({address, label(address)});
  }
  if (trace.vantage.asn.value == 0) {
    const Label home = label(trace.vantage.address);
    if (home.kind == LabelKind::As) {
      trace.vantage.asn = home.origins.front();
    }
  }
  labelled.trace = std::move(trace);
  labelled.version = version_;
  return labelled;
}

void Labeller::renew_version() {
  std::uint64_t value = 0;
  for (const NamedValue& each : versions()) {
    if (each.name != "as_names") {
      value = combine(combine(value, hash_text(each.name)), hash_text(each.value));
    }
  }
  version_ = fmt::format("{:016x}", value);
}

std::vector<NamedValue> Labeller::versions() const {
  std::vector<NamedValue> versions;
  for (std::size_t i = 0; i < kLabelSources; ++i) {
    if (!sources_[i].version.empty()) {
      versions.push_back({std::string{kSourceNames[i]}, sources_[i].version});
    }
  }
  if (!relations_.empty()) {
    versions.push_back({"as_relations", relations_version_});
  }
  if (names_.size() > 0) {
    versions.push_back({"as_names", names_version_});
  }
  return versions;
}

std::size_t Labeller::bytes() const {
  std::size_t sum = 0;
  for (const Source& source : sources_) {
    sum += source.table ? source.table->bytes() : 0;
  }
  return sum;
}

const OriginTable* Labeller::table(LabelSource source) const {
  const Source& data = sources_[index(source)];
  return data.table ? &*data.table : nullptr;
}

}  // namespace isthmus::collector
