#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/route/route.hpp"

namespace isthmus::collector {

/// BGP elements that own what they point at, to be handed from a feed's thread to another. Equal
/// attributes of neighbours, as an UPDATE of many prefixes has them, are kept once.
class RouteBatch {
 public:
  /// Adds a copy of an element; its vantage point is shared with the batch.
  void add(const Route& route, std::shared_ptr<const VantagePoint> vantage);
  /// The same, with a copy of the vantage point.
  void add(const Route& route);

  [[nodiscard]] std::size_t size() const { return routes_.size(); }
  [[nodiscard]] bool empty() const { return routes_.empty(); }
  /// A view, which lasts until the batch changes.
  [[nodiscard]] Route operator[](std::size_t position) const;
  /// Forgets the elements and keeps the memory.
  void clear();

 private:
  struct Stored {
    Route route;  ///< without its pointers
    std::size_t vantage = 0;
    std::size_t attributes = 0;
  };

  std::vector<Stored> routes_;
  std::vector<std::shared_ptr<const VantagePoint>> vantages_;
  std::vector<RouteAttributes> attributes_;
};

}  // namespace isthmus::collector
