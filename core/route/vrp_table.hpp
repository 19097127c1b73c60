#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/net/asn.hpp"
#include "core/net/prefix.hpp"

namespace isthmus {

/// A Validated ROA Payload (RFC 6811 section 2): the AS may originate the prefix, and what lies
/// within down to the maximal length.
struct Vrp {
  Prefix prefix;
  std::uint8_t max_length = 0;
  Asn asn;
  friend auto operator<=>(const Vrp&, const Vrp&) = default;
};

/// What route origin validation says of a route (RFC 6811 section 2).
enum class RpkiState : std::uint8_t { NotFound, Valid, Invalid };

/// "not_found", "valid" or "invalid".
constexpr std::string_view to_string(RpkiState state) {
  switch (state) {
    case RpkiState::NotFound:
      return "not_found";
    case RpkiState::Valid:
      return "valid";
    case RpkiState::Invalid:
      break;
  }
  return "invalid";
}

/// All VRPs of a validating cache at one time; never changes, so that threads may share it.
class VrpTable {
 public:
  VrpTable() = default;
  /// In any order; what stands there twice counts once.
  explicit VrpTable(std::vector<Vrp> vrps);

  /// An origin that cannot be told, as behind an AS_SET, makes a covered route invalid (RFC 6811).
  [[nodiscard]] RpkiState validate(const Prefix& prefix, std::optional<Asn> origin) const;

  [[nodiscard]] std::size_t size() const { return vrps_.size(); }
  [[nodiscard]] const std::vector<Vrp>& vrps() const { return vrps_; }

 private:
  std::vector<Vrp> vrps_;             ///< sorted
  std::uint64_t lengths_v4_ = 0;      ///< bit n: a prefix of length n is there
  std::uint64_t lengths_v6_[3] = {};  ///< the same for up to 128
};

}  // namespace isthmus
