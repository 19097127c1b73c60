#pragma once

#include <string>

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"

namespace isthmus::collector {

/// The number of the layout that the detector's state is saved in: raised with every change of it.
inline constexpr std::uint16_t kSnapshotVersion = 2;

/// Puts a header before a saved state: what it is, its version, the order of bytes, its length and
/// a checksum.
void append_snapshot(std::string& out, const std::string& body);

/// The state behind a header that fits it. An error says what is wrong: no such file, another
/// version or machine, cut off, or damaged.
Result<Bytes> open_snapshot(Bytes saved);

}  // namespace isthmus::collector
