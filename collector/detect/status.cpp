#include "collector/detect/status.hpp"

namespace isthmus::collector {
namespace {

template <std::size_t N, typename E>
std::string_view name_of(const std::array<std::string_view, N>& names, E value) {
  const auto index = static_cast<std::size_t>(value);
  return index < N ? names.at(index) : std::string_view{};
}

constexpr std::array<std::string_view, kUpstreamStates> kStateNames{
    "candidate", "probable", "confirmed", "established", "suspended", "withdrawn"};
constexpr std::array<std::string_view, 3> kClassNames{"unknown", "transit", "peer"};
constexpr std::array<std::string_view, kSweepKinds> kSweepNames{"suspicion", "hold"};

}  // namespace

std::string_view to_string(UpstreamState state) {
  return name_of(kStateNames, state);
}

std::string_view to_string(UpstreamClass upstream_class) {
  return name_of(kClassNames, upstream_class);
}

std::string_view to_string(SweepKind kind) {
  return name_of(kSweepNames, kind);
}

}  // namespace isthmus::collector
