#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/net/prefix.hpp"

namespace isthmus::collector {

/// Types of BGP messages (RFC 4271 section 4.1).
enum class BgpMessageType : std::uint8_t { Open = 1, Update = 2, Notification = 3, Keepalive = 4 };

/// The three fields of an UPDATE (RFC 4271 section 4.3), still undecoded.
struct UpdateFields {
  Bytes withdrawn;
  Bytes attributes;
  Bytes nlri;
};

/// Splits the body of an UPDATE, behind its header; nothing if the lengths do not fit.
std::optional<UpdateFields> split_update(Bytes body);

/// A prefix of an NLRI field.
struct Nlri {
  Prefix prefix;
  std::uint32_t path_id = 0;
};

/// Reads the next prefix; bits behind its length are cleared (RFC 4271: "the value of trailing bits
/// is irrelevant"). What `check_nlri` calls usable never fails.
std::optional<Nlri> next_nlri(ByteReader& reader, Family family, bool add_path);

/// How an NLRI field is to be read.
struct NlriCheck {
  bool add_path = false;   ///< it has path identifiers (RFC 7911), declared or not
  std::size_t usable = 0;  ///< bytes from its start that hold well-formed prefixes
};

/// Reads a field through before anything is made of it. Routers are known to log ADD-PATH messages
/// under the plain subtypes, and then every small path identifier looks like default routes: a
/// field that holds the default route twice, which no speaker sends, and is well-formed with path
/// identifiers, has them. The prefixes before damage are usable unless a default route is among
/// them, which noise makes up too easily.
NlriCheck check_nlri(Bytes field, Family family, bool add_path);

}  // namespace isthmus::collector
