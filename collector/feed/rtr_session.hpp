#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "collector/feed/route_source.hpp"
#include "core/base/bytes.hpp"
#include "core/base/time.hpp"
#include "core/route/vrp_table.hpp"

namespace isthmus::collector {

/// The router's side of an RPKI-to-Router session (RFC 8210, and RFC 6810 with caches that know no
/// other): pure, bytes come in and go out, time is a parameter. It outlives its connections, as the
/// serial number does.
class RtrSession {
 public:
  enum class State : std::uint8_t {
    Disconnected,  ///< no connection
    Asking,        ///< a query was sent
    Receiving,     ///< the cache sends what has changed, or all
    Synchronised,  ///< the table is that of the cache
    Broken,        ///< the connection is of no use any more, see `reason`
  };
  using Send = std::function<void(Bytes)>;

  /// VRPs beyond are damage: the Internet has half a million.
  static constexpr std::size_t kMaxVrps = 8'000'000;
  /// A longer PDU is damage: the longest are errors, that hold a PDU and a text.
  static constexpr std::size_t kMaxPdu = std::size_t{64} << 10;

  explicit RtrSession(Send send) : send_{std::move(send)} {}

  /// A connection stands: the first query goes out.
  void connected(TimePoint now);
  void receive(Bytes bytes, TimePoint now);
  /// The connection has ended. The table stays in use until it expires.
  void disconnected();
  /// Asks again when it is time to, and lets the table expire.
  void tick(TimePoint now);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const std::string& reason() const { return reason_; }
  /// The table of the last End of Data; null before the first one and after it has expired.
  [[nodiscard]] const std::shared_ptr<const VrpTable>& table() const { return table_; }
  [[nodiscard]] std::optional<TimePoint> updated() const { return updated_; }
  [[nodiscard]] std::uint32_t serial() const { return serial_; }
  [[nodiscard]] std::uint8_t version() const { return version_; }
  /// When a connection that failed should be tried again.
  [[nodiscard]] Duration retry_after() const { return retry_; }
  /// Every byte: decoded, skipped by reason ("router_key", "unknown_type"), or left over.
  [[nodiscard]] ByteAccount account() const;
  /// Announcements of what was there and withdrawals of what was not, which RFC 8210 calls errors.
  [[nodiscard]] std::uint64_t oddities() const { return oddities_; }

 private:
  void query(TimePoint now);
  void handle(std::uint8_t version, std::uint8_t type, std::uint16_t field, Bytes body, Bytes pdu,
              TimePoint now);
  void take_prefix(Bytes body, Family family);
  void end_of_data(std::uint16_t session, Bytes body, TimePoint now);
  void cache_error(std::uint16_t code, Bytes body, TimePoint now);
  void break_off(std::string why);

  Send send_;
  State state_ = State::Disconnected;
  std::string reason_;
  std::string buffer_;
  std::uint8_t version_ = 1;
  bool has_session_ = false;  ///< session and serial are those of the table
  std::uint16_t session_ = 0;
  std::uint32_t serial_ = 0;
  bool is_reset_ = false;  ///< what is being received is all, not what has changed
  std::vector<std::pair<bool, Vrp>> pending_;  ///< in the order of arrival; true: announced
  std::set<Vrp> vrps_;
  std::shared_ptr<const VrpTable> table_;
  std::optional<TimePoint> updated_;
  TimePoint asked_;
  Duration refresh_ = std::chrono::hours{1};
  Duration retry_ = std::chrono::minutes{10};
  Duration expire_ = std::chrono::hours{2};
  ByteAccount account_;
  std::uint64_t oddities_ = 0;
};

}  // namespace isthmus::collector
