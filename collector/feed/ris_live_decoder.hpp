#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "collector/feed/feed_status.hpp"
#include "collector/feed/watch_filter.hpp"
#include "core/route/route.hpp"

namespace isthmus::collector {

/// Tells from the text of a RIS Live message, without reading it, that it cannot concern a watched
/// network. When the client falls behind, only what this sets aside may be shed.
class RisLivePrefilter {
 public:
  explicit RisLivePrefilter(const WatchFilter& watch);
  /// False only if neither a watched AS nor a prefix inside a watched one can be in the text.
  [[nodiscard]] bool may_match(std::string_view text) const;

 private:
  std::vector<std::string> needles_;
  bool is_useless_ = false;  ///< a watched prefix is too short to be told by its text
};

/// Reads the messages of RIS Live (https://ris-live.ripe.net/manual/), the JSON in which RIPE's
/// route collectors tell what they hear. Its memory is used again for the next message.
class RisLiveDecoder {
 public:
  enum class Kind : std::uint8_t {
    Update,     ///< announcements or withdrawals: elements were handed over
    PeerState,  ///< a session came up or went down
    Other,      ///< OPEN, KEEPALIVE, NOTIFICATION, or an answer to the client: nothing to route
    Pong,
    Refused,  ///< the server reports an error, see `error`
    Malformed,
  };
  using Emit =
      std::function<void(const Route&, const std::shared_ptr<const VantagePoint>& vantage)>;

  /// Bytes behind the text that the parser reads, whatever stands there.
  static constexpr std::size_t kPadding = 64;
  /// Vantage points beyond are refused with their messages.
  static constexpr std::size_t kMaxPeers = 16384;

  RisLiveDecoder();
  ~RisLiveDecoder();
  RisLiveDecoder(const RisLiveDecoder&) = delete;
  RisLiveDecoder& operator=(const RisLiveDecoder&) = delete;
  RisLiveDecoder(RisLiveDecoder&&) = delete;
  RisLiveDecoder& operator=(RisLiveDecoder&&) = delete;

  /// Reads one message; its elements bear the time of receipt. `text` must have `kPadding` bytes
  /// allocated behind its end. A message that is malformed anywhere hands over nothing.
  Kind decode(std::string_view text, TimePoint now, const Emit& emit);

  /// What a Refused message says; lasts until the next call.
  [[nodiscard]] std::string_view error() const { return error_; }
  /// When the route collector had the last message; nothing if it did not say.
  [[nodiscard]] std::optional<TimePoint> last_timestamp() const { return timestamp_; }
  /// The vantage point of the last Update or PeerState.
  [[nodiscard]] const std::shared_ptr<const VantagePoint>& last_vantage() const { return vantage_; }
  /// Prefixes and ASNs that could not be read, and made their message Malformed.
  [[nodiscard]] std::string_view malformed_field() const { return malformed_field_; }

 private:
  struct Parser;
  struct Announced {
    Prefix prefix;
    std::optional<IpAddress> next_hop;
  };

  bool read_data(Kind& kind);
  bool find_vantage();
  void hand_over(Kind kind, const Emit& emit, TimePoint now);

  std::unique_ptr<Parser> parser_;
  RouteAttributes attributes_;
  std::vector<Announced> announced_;
  std::vector<Prefix> withdrawn_;
  std::string host_;
  std::string peer_;
  std::string key_;
  Asn asn_;
  std::optional<TimePoint> timestamp_;
  std::string error_;
  std::string_view malformed_field_;
  std::shared_ptr<const VantagePoint> vantage_;
  std::unordered_map<std::string, std::shared_ptr<const VantagePoint>> vantages_;
  std::uint32_t sequence_ = 0;
  TimePoint last_time_;
};

}  // namespace isthmus::collector
