#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "collector/feed/input.hpp"
#include "collector/feed/route_source.hpp"
#include "core/route/hop.hpp"

namespace isthmus::collector {

/// A text without the time of its traces, where nobody said what it is.
inline constexpr std::string_view kNoTime = "no_time";

/// What a file does not say of its traces.
struct TraceFileOptions {
  /// Whoever measured: takes the place of what is missing (a name, an address, an AS of 0).
  VantagePoint vantage{Plane::Data, {}, {}, {}};
  /// When plain text was measured, if it does not say so itself.
  std::optional<TimePoint> time;
};

/// Traceroutes one after the other, as the file has them: the order of their times is not promised.
class TraceSource {
 public:
  virtual ~TraceSource() = default;

  /// The next traceroute, or null at the end; lasts until the next call. Damage is stepped over and
  /// accounted for; it is never an exception.
  virtual const Traceroute* next() = 0;
  /// Up to date after each `next`; `elements` counts traceroutes. Records that hold none (pings,
  /// notes on the file, probes that could not measure) count as decoded.
  [[nodiscard]] virtual const ByteAccount& account() const = 0;
  [[nodiscard]] virtual Input::Progress progress() const = 0;
};

/// The formats that `read_traces` knows by their first bytes.
enum class TraceFormatKind { Json, Warts, Text };

/// What kind of traceroutes these first bytes of a file are; nothing if they are none.
std::optional<TraceFormatKind> recognise_traces(std::string_view head);

/// Reads traceroutes: RIPE Atlas results (a list, or one a line), scamper's JSON (also in M-Lab's
/// wrappings), warts, or what traceroute prints. `name` stands for the input in errors. An error:
/// the first bytes are none of these.
Result<std::unique_ptr<TraceSource>> read_traces(std::unique_ptr<Input> input,
                                                 const std::string& name,
                                                 const TraceFileOptions& options);

/// The same for a file, which may be compressed.
Result<std::unique_ptr<TraceSource>> open_traces(const std::string& path,
                                                 const TraceFileOptions& options);

/// Whether a file holds traceroutes, by its first bytes. An error if it cannot be read.
Result<bool> holds_traces(const std::string& path);

}  // namespace isthmus::collector
