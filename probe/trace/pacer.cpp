#include "probe/trace/pacer.hpp"

#include <algorithm>
#include <cmath>

namespace isthmus::probe {
namespace {

double burst_for(double rate) {
  // Timers wake some 60 us late; a row of four at 10,000 a second covers 400 us.
  return rate < 10'000 ? std::clamp(std::floor(rate / 2'000), 1.0, 4.0) : std::ceil(rate / 1'000);
}

}  // namespace

Pacer::Pacer(double rate, Duration now)
    : rate_{std::max(rate, 0.001)},
      burst_{burst_for(rate_)},
      filled_{now} {}

void Pacer::refill(Duration now) {
  if (now <= filled_) {
    return;
  }
  tokens_ = std::min(burst_, tokens_ + to_seconds(now - filled_) * rate_);
  filled_ = now;
}

std::uint32_t Pacer::available(Duration now) {
  refill(now);
  // A wait computed in whole microseconds may end a hair before the token is whole.
  return static_cast<std::uint32_t>(std::max(0.0, std::floor(tokens_ + 1e-6)));
}

Duration Pacer::next(Duration now) {
  refill(now);
  if (tokens_ + 1e-6 >= 1) {
    return now;
  }
  const double seconds = (1 - tokens_) / rate_;
  return now + Duration{static_cast<Duration::rep>(std::ceil(seconds * 1e6))};
}

}  // namespace isthmus::probe
