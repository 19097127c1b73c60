#include "collector/label/labeller.hpp"

#include <cassert>
#include <utility>

#include "collector/label/special_registry.hpp"

namespace isthmus::collector {
namespace {

constexpr std::array<std::string_view, kLabelSources> kSourceNames = {"override", "special", "mrt",
                                                                      "pfx2as", "csv"};

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
  }
  return "unannounced";
}

std::string_view to_string(LabelSource source) {
  return kSourceNames[index(source)];
}

Labeller::Labeller() : sources_(kLabelSources) {
  sources_[index(LabelSource::Special)].version = kSpecialRegistryVersion;
}

void Labeller::set_table(LabelSource source, OriginTable table, std::string version) {
  assert(source != LabelSource::Special);
  sources_[index(source)] = {std::move(table), std::move(version)};
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

Label Labeller::label(const IpAddress& address) const {
  if (auto found = from_table(LabelSource::Override, address)) {
    return std::move(*found);
  }
  const SpecialBlock* block = find_special(address);
  if (block == nullptr || block->reach == Reach::Global) {
    for (const LabelSource source : {LabelSource::Mrt, LabelSource::Pfx2as, LabelSource::Csv}) {
      if (auto found = from_table(source, address)) {
        return std::move(*found);
      }
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

std::vector<NamedValue> Labeller::versions() const {
  std::vector<NamedValue> versions;
  for (std::size_t i = 0; i < kLabelSources; ++i) {
    if (sources_[i].table || i == index(LabelSource::Special)) {
      versions.push_back({std::string{kSourceNames[i]}, sources_[i].version});
    }
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
