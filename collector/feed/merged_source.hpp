#pragma once

#include <memory>
#include <vector>

#include "collector/feed/route_source.hpp"

namespace isthmus::collector {

/// Several archives as one, merged by time. Each must be in the order of time, as archives are;
/// what is not comes out as late as it stands in its file. Among equal times the archive that was
/// named first comes first, so that a RIB dump stands before the updates of its second.
class MergedSource final : public RouteSource {
 public:
  explicit MergedSource(std::vector<std::unique_ptr<RouteSource>> sources);

  const Route* next() override;
  /// The sum over all archives.
  [[nodiscard]] const ByteAccount& account() const override;

 private:
  struct Head {
    const Route* route;
    std::size_t source;
  };
  void refill(std::size_t source);

  std::vector<std::unique_ptr<RouteSource>> sources_;
  std::vector<Head> heap_;
  bool taken_ = false;
  mutable ByteAccount sum_;
};

}  // namespace isthmus::collector
