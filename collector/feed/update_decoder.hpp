#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "collector/feed/bgp_attributes.hpp"
#include "collector/feed/record_log.hpp"

namespace isthmus::collector {

/// Which prefixes are wanted; empty means all.
using PrefixFilter = std::function<bool(const Prefix&)>;

/// Takes UPDATE messages apart (RFC 4271 section 4.3, RFC 7606), withdrawals before announcements,
/// as `bgpdump` prints them.
class UpdateDecoder {
 public:
  /// What the session negotiated.
  struct Form {
    AsnWidth width = AsnWidth::Four;
    bool add_path_v4 = false;  ///< RFC 7911, of IPv4
    bool add_path_v6 = false;
    /// A route without AS_PATH is one of the speaker's own: GoBGP leaves it out in BMP.
    bool path_is_optional = false;
    friend bool operator==(const Form&, const Form&) = default;
  };

  /// What is said of one prefix.
  struct Element {
    RouteKind kind = RouteKind::Withdraw;
    std::uint8_t safi = 1;  ///< 1 unicast, 2 multicast, 3 both (deprecated by RFC 4760)
    bool add_path = false;  ///< `path_id` was there
    std::uint32_t path_id = 0;
    Prefix prefix;
    const RouteAttributes* attributes = nullptr;  ///< null for a withdrawal
  };

  UpdateDecoder(Detail detail, PrefixFilter wanted) : detail_{detail}, wanted_{std::move(wanted)} {}

  /// Takes up the body of an UPDATE, behind its header. It must last as long as its elements are
  /// asked for.
  void start(Bytes body, const Form& form, RecordLog& log);
  /// Goes to the next element; false when there are no more.
  bool advance();
  [[nodiscard]] const Element& element() const { return element_; }
  /// The attributes of the message at hand, whether it announces anything or not.
  [[nodiscard]] const DecodedAttributes& attributes() const { return decoder_.result(); }
  /// The same, to be changed before the first announcement is asked for.
  [[nodiscard]] RouteAttributes& change_attributes() { return decoder_.change_result().attributes; }
  /// The family whose End-of-RIB marker the message is (RFC 4724 section 2), if it is one.
  [[nodiscard]] std::optional<Family> end_of_rib() const { return end_of_rib_; }
  /// Forgets the message.
  void clear() { group_ = group_count_ = 0; }

 private:
  /// One NLRI field on its way out.
  struct Group {
    RouteKind kind = RouteKind::Withdraw;
    Family family = Family::Ipv4;
    std::uint8_t safi = 1;
    bool add_path = false;
    Bytes nlri;
    std::optional<IpAddress> next_hop;
  };

  void add_group(const Group& group, RecordLog& log);
  void add_mp_group(const MpNlri& mp, RouteKind kind, RecordLog& log);
  void find_end_of_rib(Bytes body, const DecodedAttributes& decoded);

  Detail detail_;
  PrefixFilter wanted_;
  AttributeDecoder decoder_;
  Form form_;
  std::array<Group, 4> groups_;
  std::size_t group_count_ = 0;
  std::size_t group_ = 0;
  Element element_;
  std::optional<Family> end_of_rib_;
};

}  // namespace isthmus::collector
