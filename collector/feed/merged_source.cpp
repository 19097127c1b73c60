#include "collector/feed/merged_source.hpp"

#include <algorithm>
#include <utility>

namespace isthmus::collector {
namespace {

constexpr auto kLater = [](const auto& left, const auto& right) {
  return left.route->time != right.route->time ? left.route->time > right.route->time
                                               : left.source > right.source;
};

}  // namespace

MergedSource::MergedSource(std::vector<std::unique_ptr<RouteSource>> sources)
    : sources_{std::move(sources)} {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    refill(i);
  }
}

void MergedSource::refill(std::size_t source) {
  if (const Route* const route = sources_[source]->next()) {
    heap_.push_back({route, source});
    std::push_heap(heap_.begin(), heap_.end(), kLater);
  }
}

const Route* MergedSource::next() {
  // The element handed out last lives in its source until that one is asked again.
  if (taken_) {
    std::pop_heap(heap_.begin(), heap_.end(), kLater);
    const std::size_t source = heap_.back().source;
    heap_.pop_back();
    refill(source);
  }
  taken_ = !heap_.empty();
  return taken_ ? heap_.front().route : nullptr;
}

const ByteAccount& MergedSource::account() const {
  sum_ = ByteAccount{};
  for (const auto& source : sources_) {
    sum_.add(source->account());
  }
  return sum_;
}

}  // namespace isthmus::collector
