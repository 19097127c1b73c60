#pragma once

#include <string_view>

namespace isthmus::probe {

inline constexpr std::string_view kVersion = ISTHMUS_VERSION;
/// As collectors see it.
inline constexpr std::string_view kSoftware = "isthmus-probe " ISTHMUS_VERSION;

}  // namespace isthmus::probe
