#pragma once

#include <string_view>

#include "core/base/text_lines.hpp"
#include "core/net/origin_table.hpp"

namespace isthmus::collector {

/// Reads a MaxMind database (the bytes of an .mmdb file, format 2.0) whose records name an AS:
/// `autonomous_system_number` as GeoLite2-ASN has it, or `asn` as "AS64496". Each network counts as
/// a line of the account: used, or passed if its record names no AS. IPv4 networks stand once, not
/// again under the IPv6 prefixes that stand for them.
LineAccount parse_mmdb(std::string_view file, OriginTableBuilder& table);

}  // namespace isthmus::collector
