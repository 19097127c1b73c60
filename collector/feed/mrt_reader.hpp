#pragma once

#include <memory>
#include <string>

#include "collector/feed/bgp4mp_decoder.hpp"
#include "collector/feed/mrt_element.hpp"
#include "collector/feed/mrt_record.hpp"
#include "collector/feed/record_log.hpp"
#include "collector/feed/rib_decoder.hpp"
#include "collector/feed/route_source.hpp"

namespace isthmus::collector {

/// Reads an MRT archive, of any length in constant memory.
class MrtReader final : public RouteSource {
 public:
  struct Options {
    std::string source;  ///< the route collector's name, for the vantage points
    Detail detail = Detail::Everything;
    PrefixFilter wanted;  ///< elements of other prefixes are stepped over
  };

  /// `name` stands for the input in errors.
  MrtReader(std::unique_ptr<Input> input, std::string name, const Options& options);

  /// The next element in the order of the file, those of one UPDATE as `bgpdump` prints them:
  /// withdrawals before announcements. Null at the end; lasts until the next call.
  const MrtElement* next_element();
  /// The same for who wants routes to addresses: multicast is left out.
  const Route* next() override;
  [[nodiscard]] const ByteAccount& account() const override { return records_.account(); }
  [[nodiscard]] Input::Progress progress() const { return records_.progress(); }

 private:
  enum class Source : std::uint8_t { None, Rib, Session };

  MrtRecordReader records_;
  RecordLog log_;
  RibDecoder rib_;
  Bgp4mpDecoder session_;
  Source current_ = Source::None;
  MrtElement element_;
  TimePoint last_time_;
  std::uint32_t sequence_ = 0;  ///< of the record among those of the same time
};

/// The route collector that an archive's path names: "rrc06" or "route-views.jinx" wherever it
/// stands in it, otherwise the file's name up to the first dot; "archive" if that says only what
/// the file holds, as "rib" and "updates" do, so that a table and its updates have the same peers.
std::string collector_name(const std::string& path);

/// Opens an archive for reading.
Result<std::unique_ptr<MrtReader>> open_mrt(const std::string& path, MrtReader::Options options);

}  // namespace isthmus::collector
