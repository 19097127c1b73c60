#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "core/base/time.hpp"
#include "probe/packet/link_layer.hpp"
#include "probe/packet/probe.hpp"

struct pcap;

namespace isthmus::probe {

/// What libpcap counted.
struct CaptureCounters {
  std::uint64_t received = 0;
  std::uint64_t dropped = 0;  ///< for want of room in the ring: replies that were lost by us
};

/// How to capture.
struct CaptureOptions {
  std::string interface = "any";
  int ring_bytes = 8 << 20;
  int block_milliseconds = 5;  ///< how long the kernel may keep a block of packets to itself
  bool own_probes = true;      ///< capture our packets as they leave, for their kernel stamps
  /// No method and port but the format's will be used, so the kernel can hold back all else.
  bool one_format = false;
  std::uint16_t flows = kMaxFlows;
};

/// A libpcap handle on what may answer our probe packets. Blocks of the ring are handed over whole:
/// immediate mode costs forty times as much CPU and makes RTTs no better, for the stamps are the
/// kernel's.
class Capture {
 public:
  /// Sees each frame with the wall-clock stamp of the kernel; `size` is the frame's on the wire.
  using Handler = std::function<void(const LinkFrame& frame, TimePoint stamp)>;

  static Result<Capture> open(const CaptureOptions& options, const ProbeFormat& format);
  /// Readable when packets wait.
  [[nodiscard]] int descriptor() const;
  /// Handles what waits now, and returns how many frames that were; negative if the interface went
  /// away.
  int drain(const Handler& handler);
  [[nodiscard]] CaptureCounters counters() const;
  /// The filter in pcap's language.
  static std::string filter(const CaptureOptions& options, const ProbeFormat& format);

 private:
  struct Close {
    void operator()(pcap* handle) const;
  };
  explicit Capture(std::unique_ptr<pcap, Close> handle);

  std::unique_ptr<pcap, Close> handle_;
  int link_type_;
};

}  // namespace isthmus::probe
