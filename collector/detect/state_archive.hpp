#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/route/event.hpp"
#include "core/route/observation.hpp"
#include "core/route/route.hpp"

/// How the detector's state becomes bytes and comes back. Both ways go through one list of fields,
/// `T::fields(self, archive)` or `fields(self, archive)` for types of other folders, so that they
/// cannot part. Numbers have the byte order of the machine: a snapshot is read where it was
/// written, and its header refuses any other.
namespace isthmus::collector {

template <typename T>
concept PlainNumber = std::is_arithmetic_v<T> || std::is_enum_v<T>;

template <typename T, typename Archive>
concept HasFields = requires(T& value, Archive& archive) {
  T::fields(value, archive);
};

/// Appends state to a text.
class StateWriter {
 public:
  static constexpr bool kReads = false;
  explicit StateWriter(std::string& out) : out_{out} {}

  template <typename... T>
  void operator()(const T&... values) {
    (put(values), ...);
  }
  void size(std::size_t count) { put(static_cast<std::uint32_t>(count)); }

 private:
  template <PlainNumber T>
  void put(const T& value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  void put(const Duration& value) { put(value.count()); }
  void put(const TimePoint& value) { put(value.time_since_epoch().count()); }
  void put(const Asn& value) { put(value.value); }
  void put(const std::string& value) {
    size(value.size());
    out_.append(value);
  }
  void put(const IpAddress& value) {
    put(value.family());
    put(value.high());
    if (!value.is_v4()) {
      put(value.low());
    }
  }
  void put(const Prefix& value) {
    put(value.address());
    put(static_cast<std::uint8_t>(value.length()));
  }
  template <typename T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) {
      put(*value);
    }
  }
  template <typename A, typename B>
  void put(const std::pair<A, B>& value) {
    put(value.first);
    put(value.second);
  }
  template <typename... T>
  void put(const std::tuple<T...>& values) {
    std::apply([this](const auto&... each) { (this->put(each), ...); }, values);
  }
  template <typename T, std::size_t N>
  void put(const std::array<T, N>& values) {
    for (const T& each : values) {
      put(each);
    }
  }
  template <typename T>
  void put_all(const T& values) {
    size(values.size());
    for (const auto& each : values) {
      put(each);
    }
  }
  template <typename T>
  void put(const std::vector<T>& values) {
    put_all(values);
  }
  template <typename T, typename Order>
  void put(const std::set<T, Order>& values) {
    put_all(values);
  }
  template <typename K, typename V>
  void put(const std::map<K, V>& values) {
    put_all(values);
  }
  template <typename T>
  requires HasFields<const T, StateWriter> || requires(const T& v, StateWriter& w) { fields(v, w); }
  void put(const T& value) {
    if constexpr (HasFields<const T, StateWriter>) {
      T::fields(value, *this);
    } else {
      fields(value, *this);
    }
  }

  std::string& out_;
};

/// Reads state from bytes that may be anything. The first field that is not there, or cannot be,
/// fails it for good; what was read until then is worth nothing.
class StateReader {
 public:
  static constexpr bool kReads = true;
  explicit StateReader(Bytes input) : rest_{input} {}

  template <typename... T>
  void operator()(T&... values) {
    (get(values), ...);
  }
  /// A number of things of which each takes a byte at least.
  std::size_t size() {
    std::uint32_t count = 0;
    get(count);
    if (count > rest_.size()) {
      fail();
      return 0;
    }
    return count;
  }
  void fail() {
    ok_ = false;
    rest_ = {};
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] Bytes rest() const { return rest_; }
  /// The next bytes, as they are.
  Bytes take(std::size_t count) {
    if (count > rest_.size()) {
      fail();
      return {};
    }
    const Bytes head = rest_.first(count);
    rest_ = rest_.subspan(count);
    return head;
  }

 private:
  template <typename T>
  requires std::is_arithmetic_v<T>
  void get(T& value) {
    const Bytes field = take(sizeof(T));
    if (field.empty()) {
      value = T{};
    } else if constexpr (std::is_same_v<T, bool>) {
      value = field.front() != std::byte{0};
    } else {
      std::memcpy(&value, field.data(), sizeof(T));
    }
  }
  template <typename T>
  requires std::is_enum_v<T>
  void get(T& value) {
    std::underlying_type_t<T> number{};
    get(number);
    if (number > static_cast<std::underlying_type_t<T>>(last_of(T{}))) {
      fail();
      number = 0;
    }
    value = static_cast<T>(number);
  }
  void get(Duration& value) {
    Duration::rep count = 0;
    get(count);
    value = Duration{count};
  }
  void get(TimePoint& value) {
    Duration since{};
    get(since);
    // Sums of times and lengths must not overflow, whatever is read.
    constexpr Duration kFar = std::chrono::hours{24 * 366 * 10'000};
    if (since > kFar || since < -kFar) {
      if (since != TimePoint::min().time_since_epoch() &&
          since != TimePoint::max().time_since_epoch()) {
        fail();
        since = Duration{};
      }
    }
    value = TimePoint{since};
  }
  void get(Asn& value) { get(value.value); }
  void get(std::string& value) { value = as_text(take(size())); }
  void get(IpAddress& value) {
    std::uint8_t family = 0;
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    get(family);
    get(high);
    if (family == static_cast<std::uint8_t>(Family::Ipv4)) {
      value = IpAddress::v4(static_cast<std::uint32_t>(high >> 32));
    } else if (family == static_cast<std::uint8_t>(Family::Ipv6)) {
      get(low);
      value = IpAddress::v6(high, low);
    } else {
      fail();
    }
  }
  void get(Prefix& value) {
    IpAddress address;
    std::uint8_t length = 0;
    get(address);
    get(length);
    value = Prefix::covering(address, length);
  }
  void get(Family& value) {
    std::uint8_t number = 0;
    get(number);
    if (number != 1 && number != 2) {
      fail();
      number = 1;
    }
    value = static_cast<Family>(number);
  }
  template <typename T>
  void get(std::optional<T>& value) {
    bool has = false;
    get(has);
    value.reset();
    if (has) {
      T each{};
      get(each);
      value = std::move(each);
    }
  }
  template <typename A, typename B>
  void get(std::pair<A, B>& value) {
    get(value.first);
    get(value.second);
  }
  template <typename... T>
  void get(std::tuple<T...>& values) {
    std::apply([this](auto&... each) { (this->get(each), ...); }, values);
  }
  template <typename T, std::size_t N>
  void get(std::array<T, N>& values) {
    for (T& each : values) {
      get(each);
    }
  }
  template <typename T>
  void get(std::vector<T>& values) {
    values.clear();
    for (std::size_t left = size(); left > 0 && ok_; --left) {
      T each{};
      get(each);
      values.push_back(std::move(each));
    }
  }
  template <typename T, typename Order>
  void get(std::set<T, Order>& values) {
    values.clear();
    for (std::size_t left = size(); left > 0 && ok_; --left) {
      T each{};
      get(each);
      values.insert(values.end(), std::move(each));
    }
  }
  template <typename K, typename V>
  void get(std::map<K, V>& values) {
    values.clear();
    for (std::size_t left = size(); left > 0 && ok_; --left) {
      K key{};
      V value{};
      get(key);
      get(value);
      values.insert_or_assign(values.end(), std::move(key), std::move(value));
    }
  }
  template <typename T>
  requires HasFields<T, StateReader> || requires(T& v, StateReader& r) { fields(v, r); }
  void get(T& value) {
    if constexpr (HasFields<T, StateReader>) {
      T::fields(value, *this);
    } else {
      fields(value, *this);
    }
  }

  Bytes rest_;
  bool ok_ = true;
};

}  // namespace isthmus::collector

// What types of core/route are made of: found by argument-dependent lookup.
namespace isthmus {

constexpr Plane last_of(Plane) {
  return Plane::Control;
}
constexpr Grade last_of(Grade) {
  return Grade::X;
}
constexpr Verdict last_of(Verdict) {
  return Verdict::Inconclusive;
}
constexpr RouteKind last_of(RouteKind) {
  return RouteKind::TableEnd;
}

template <typename T, typename U>
concept Same = std::same_as<std::remove_const_t<T>, U>;

template <Same<VantagePoint> Self, typename Archive>
void fields(Self& self, Archive& archive) {
  archive(self.plane, self.source, self.address, self.asn);
}
template <Same<TraceEvidence> Self, typename Archive>
void fields(Self& self, Archive& archive) {
  archive(self.upstream_addresses, self.run_length, self.gap, self.via_ixp, self.reached, self.rtt,
          self.gap_rtt);
}
template <Same<Observation> Self, typename Archive>
void fields(Self& self, Archive& archive) {
  archive(self.time, self.receive_time, self.vantage, self.target, self.prefix, self.verdict,
          self.upstreams, self.grade, self.reasons, self.path, self.raw_path, self.trace,
          self.evidence_id);
}
template <Same<UpstreamShare> Self, typename Archive>
void fields(Self& self, Archive& archive) {
  archive(self.asn, self.share);
}

}  // namespace isthmus
