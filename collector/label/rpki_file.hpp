#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "core/base/text_lines.hpp"
#include "core/route/vrp_table.hpp"

namespace isthmus::collector {

/// What ASPA objects say of a pair of ASes (draft-ietf-sidrops-aspa-verification, section 5).
enum class AspaAnswer : std::uint8_t {
  NoAttestation,  ///< the customer has no object
  Provider,       ///< it names this provider
  NotProvider,    ///< it has objects, and none names this provider
};

/// "no_attestation", "provider" or "not_provider".
std::string_view to_string(AspaAnswer answer);

/// Which providers ASes have attested. Frozen: may be asked from several threads.
class AspaTable {
 public:
  [[nodiscard]] AspaAnswer check(Asn customer, Asn provider) const;
  /// Ascending; empty if the customer has no object, or attests that it has no provider (AS 0).
  [[nodiscard]] std::span<const Asn> providers(Asn customer) const;
  /// Number of customers with an object.
  [[nodiscard]] std::size_t size() const { return providers_.size(); }

  /// Adds an object; several of one customer are joined.
  void add(Asn customer, std::span<const Asn> providers);

 private:
  boost::unordered_flat_map<std::uint32_t, std::vector<Asn>> providers_;
};

/// Reads the JSON that rpki-client and Routinator write (`json` and `jsonext`): VRPs from "roas",
/// ASPA objects from "aspas", also split by family as rpki-client wrote them until version 8.5.
/// Each object of these lists counts as a line of the account; router keys are passed over.
LineAccount parse_rpki_json(std::string_view text, std::vector<Vrp>& vrps, AspaTable& aspas);

}  // namespace isthmus::collector
