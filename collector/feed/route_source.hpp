#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/route/route.hpp"

namespace isthmus::collector {

/// Reasons for skipping that lose no route to an address: a record of another protocol, one of BGP
/// without routes (a table of peers' places, a message that is no UPDATE), routes of other address
/// families (VPN, flow specification).
inline constexpr std::string_view kNotBgp = "not_bgp";
inline constexpr std::string_view kNotRoutes = "not_routes";
inline constexpr std::string_view kOtherFamily = "other_family";
/// Not skipped at all, but read otherwise than declared: see `check_nlri`.
inline constexpr std::string_view kMislabelledAddPath = "mislabelled_add_path";

/// What became of every byte of an input: the three sums add up to `total`.
struct ByteAccount {
  std::uint64_t total = 0;    ///< bytes after decompression
  std::uint64_t decoded = 0;  ///< inside records whose elements were handed over, or that have none
  std::uint64_t left_over = 0;  ///< after the last whole record: a torn tail
  std::map<std::string, std::uint64_t, std::less<>> skipped;  ///< by reason: a closed vocabulary
  std::uint64_t records = 0;
  std::uint64_t elements = 0;
  std::vector<Error> first_errors;  ///< the first ten, each with its offset

  /// Whether routes may have been lost (anything skipped that could hold some, a torn tail), so
  /// that a program must not exit with 0.
  [[nodiscard]] bool lossy() const;
  void add(const ByteAccount& other);
  /// Notes what is wrong at an offset of the input called `name`, if it is among the first ten.
  void note(std::string_view name, std::uint64_t offset, std::string_view what);
};

/// A stream of BGP elements: a file of an archive, several of them merged by time, or a live
/// session.
class RouteSource {
 public:
  virtual ~RouteSource() = default;

  /// The next element, or null at the end. What it points at lasts until the next call. Damage is
  /// stepped over and accounted for; it is never an exception.
  virtual const Route* next() = 0;
  /// Up to date after each `next`.
  [[nodiscard]] virtual const ByteAccount& account() const = 0;
};

}  // namespace isthmus::collector
