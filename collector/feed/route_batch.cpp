#include "collector/feed/route_batch.hpp"

#include <utility>

namespace isthmus::collector {

void RouteBatch::add(const Route& route, std::shared_ptr<const VantagePoint> vantage) {
  if (vantages_.empty() || vantages_.back() != vantage) {
    vantages_.push_back(std::move(vantage));
  }
  if (route.attributes != nullptr &&
      (attributes_.empty() || attributes_.back() != *route.attributes)) {
    attributes_.push_back(*route.attributes);
  }
  Stored stored{route, vantages_.size() - 1, attributes_.size()};
  stored.route.vantage = nullptr;
  stored.route.attributes = nullptr;
  if (route.attributes == nullptr) {
    stored.attributes = 0;
  }
  routes_.push_back(stored);
}

void RouteBatch::add(const Route& route) {
  if (!vantages_.empty() && *vantages_.back() == *route.vantage) {
    add(route, vantages_.back());
  } else {
    add(route, std::make_shared<const VantagePoint>(*route.vantage));
  }
}

Route RouteBatch::operator[](std::size_t position) const {
  const Stored& stored = routes_[position];
  Route route = stored.route;
  route.vantage = vantages_[stored.vantage].get();
  // Position 0 stands for none.
  route.attributes = stored.attributes == 0 ? nullptr : &attributes_[stored.attributes - 1];
  return route;
}

void RouteBatch::clear() {
  routes_.clear();
  vantages_.clear();
  attributes_.clear();
}

}  // namespace isthmus::collector
