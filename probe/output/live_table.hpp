#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/route/hop.hpp"
#include "probe/output/network_names.hpp"

namespace isthmus::probe {

/// What is known of the way to one destination, over any number of rounds, as a table that is drawn
/// again and again while answers come in. Pure: it makes the text, the terminal is the caller's.
class LiveTable {
 public:
  /// `names` may be null; else it must outlive the table.
  LiveTable(const IpAddress& destination, const NetworkNames* names);

  /// An answer has come in.
  void add(std::uint8_t ttl, const Reply& reply);
  /// A round is over: what was sent and stayed silent counts as lost, and, once over, as final.
  void finish_round(const std::vector<Traceroute>& traces);

  /// The lines of the table, none wider than `width` characters. Addresses of one hop stand under
  /// each other, the one seen most at the top.
  [[nodiscard]] std::vector<std::string> lines(std::size_t width) const;

 private:
  struct Responder {
    std::uint64_t answers = 0;
    Duration last{};
    Duration best{};
    Duration worst{};
    Duration sum{};
    ReplyKind kind = ReplyKind::TimeExceeded;
    bool nat = false;
    std::string mpls;
  };
  struct HopStatistics {
    std::map<IpAddress, Responder> responders;
    std::uint64_t answers = 0;
    std::uint64_t sent = 0;  ///< in rounds that are over
    std::uint64_t lost = 0;  ///< in rounds that are over
  };

  [[nodiscard]] std::string loss_of(std::uint8_t ttl, const HopStatistics& hop) const;
  void add_hop(std::vector<std::string>& lines, std::uint8_t ttl, const HopStatistics& hop,
               std::size_t addresses) const;
  [[nodiscard]] std::size_t address_width(std::uint8_t end) const;

  IpAddress destination_;
  const NetworkNames* names_;
  std::map<std::uint8_t, HopStatistics> hops_;
  /// Where the path ended, so that answers from beyond are not shown: in the round under way, and
  /// in the one before.
  std::optional<std::uint8_t> end_;
  std::optional<std::uint8_t> end_before_;
  unsigned rounds_ = 0;
  std::string stop_ = "tracing";
};

}  // namespace isthmus::probe
