#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/route/route.hpp"

namespace isthmus::collector {

/// Octets of an ASN in AS_PATH and AGGREGATOR: what the session negotiated (RFC 6793).
enum class AsnWidth : std::uint8_t { Two = 2, Four = 4 };

/// How much of the attributes is wanted; the rest is stepped over.
enum class Detail : std::uint8_t {
  Paths,       ///< AS path, origin AS, OTC: what detection needs
  Everything,  ///< all that RouteAttributes can hold
};

/// The NLRI of MP_REACH_NLRI or MP_UNREACH_NLRI (RFC 4760 sections 3 and 4).
struct MpNlri {
  std::uint16_t afi = 0;
  std::uint8_t safi = 0;
  std::optional<IpAddress> next_hop;  ///< the global one, of MP_REACH_NLRI
  Bytes nlri;
};

/// What the path attributes of one UPDATE, or of one RIB entry, say.
struct DecodedAttributes {
  RouteAttributes attributes;
  std::optional<MpNlri> reach;
  std::optional<MpNlri> unreach;
  /// Why the routes have to be treated as withdrawn (RFC 7606 section 2), or empty.
  std::string_view malformed;
  /// Bytes of attributes that were wrong and thrown away (RFC 7606, "attribute discard").
  std::size_t discarded = 0;
  bool has_origin = false;
  bool has_as_path = false;

  void clear();
};

/// Decodes path attributes (RFC 4271, 4760, 6793, 7606, 8092, 9234); its memory is used again for
/// the next ones.
class AttributeDecoder {
 public:
  /// The form of MP_REACH_NLRI: that of an UPDATE, or the short one of a RIB entry, which holds the
  /// next hop alone (RFC 6396 section 4.3.4; the full form is understood there too, as writers
  /// exist that use it).
  enum class Form : std::uint8_t { Update, RibEntry };

  /// The result lasts until the next call; its NLRI point into `bytes`.
  const DecodedAttributes& decode(Bytes bytes, AsnWidth width, Form form, Detail detail);
  /// The result of the last call.
  [[nodiscard]] const DecodedAttributes& result() const { return result_; }
  /// The same, to be changed.
  [[nodiscard]] DecodedAttributes& change_result() {
    repeatable_ = false;
    return result_;
  }

 private:
  /// How attributes are to be read.
  struct Reading {
    AsnWidth width = AsnWidth::Four;
    Form form = Form::Update;
    Detail detail = Detail::Everything;
    friend bool operator==(const Reading&, const Reading&) = default;
  };

  void decode_all(Bytes bytes, const Reading& reading);
  void decode_one(std::uint8_t code, Bytes value, AsnWidth width, Form form, Detail detail);
  void decode_aggregator(Bytes value, AsnWidth width);
  void decode_detail(std::uint8_t code, Bytes value);
  void decode_reach(Bytes value, Form form);
  void decode_unreach(Bytes value);
  void merge_as4();
  void mark(std::string_view why);

  DecodedAttributes result_;
  AsPath as4_path_;
  AsPath merged_;
  std::optional<Aggregator> as4_aggregator_;
  bool has_as4_path_ = false;
  std::uint64_t seen_[4] = {};
  // Every second entry of a table has the attributes of the one before: they are decoded once.
  std::array<std::byte, 256> last_{};
  std::size_t last_size_ = 0;
  Reading last_reading_;
  bool repeatable_ = false;  ///< the result is that of `last_`, and does not point into its bytes
};

/// Appends the segments of an AS_PATH attribute; false if they do not fill the value exactly or a
/// segment is of no known type or empty (RFC 7606 section 7.2).
bool decode_as_path(Bytes value, AsnWidth width, AsPath& path);

}  // namespace isthmus::collector
