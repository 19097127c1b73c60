#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "core/base/hash.hpp"
#include "tests/support/story_teller.hpp"

namespace isthmus::testing {

/// A world in which anything may happen: peers, probes, one or two targets in both families, with
/// and without lists of prefixes and known upstreams; switches, excursions, withdrawals, hijacks,
/// sets, sessions. The same seed makes the same world.
class RandomWorld {
 public:
  explicit RandomWorld(std::uint64_t seed) : random_{seed}, story_{targets(), settings()} {
    populate();
    for (int left = number(3, 14); left > 0; --left) {
      episode(moment());
    }
    if (chance(50)) {
      trace_for_a_while();
    }
  }

  [[nodiscard]] const StoryTeller& story() const { return story_; }
  /// When all is over, with time for every clock to run out.
  [[nodiscard]] static Duration end() { return kLength + std::chrono::hours{9}; }

 private:
  static constexpr Duration kLength = std::chrono::hours{12};
  static constexpr std::array kUpstreams{4837U, 20485U, 9304U, 22351U};

  int number(int low, int high) {
    return low + static_cast<int>(random_() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool chance(int percent) { return number(1, 100) <= percent; }
  Duration between(Duration low, Duration high) {
    return low + Duration{static_cast<std::int64_t>(
                     random_() % static_cast<std::uint64_t>((high - low).count() + 1))};
  }
  /// Often a whole minute, so that much happens at the same time.
  Duration moment() {
    const Duration at = between(Duration{}, kLength);
    return chance(50) ? std::chrono::floor<std::chrono::minutes>(at) : at;
  }
  std::uint32_t upstream() { return kUpstreams[static_cast<std::size_t>(number(0, 3))]; }

  std::vector<collector::Target> targets() {
    collector::Target star{.name = "star", .origins = {Asn{131279}}};
    if (chance(60)) {
      for (const char* const each : {"10.1.0.0/24", "10.1.1.0/24", "2001:db8:131::/48"}) {
        star.prefixes.push_back(*Prefix::parse(each));
      }
    }
    if (chance(60)) {
      star.known_upstreams = {Asn{4837}};
    }
    if (chance(30)) {
      star.siblings = {Asn{134544}};
    }
    std::vector<collector::Target> list{star};
    if (chance(30)) {
      list.push_back({.name = "etecsa", .origins = {Asn{11960}}});
    }
    if (chance(20)) {
      star.name = "star again";
      star.known_upstreams = {Asn{4837}, Asn{20485}};
      list.push_back(star);
    }
    return list;
  }
  collector::DetectorSettings settings() {
    collector::DetectorSettings chosen;
    chosen.learning = std::chrono::hours{1};
    chosen.establish = std::chrono::hours{chance(50) ? 3 : 200};
    return chosen;
  }

  void populate() {
    const int collectors = number(1, 3);
    for (int left = number(4, 24); left > 0; --left) {
      // Some networks have several sessions.
      story_.add_peer(10'001 + static_cast<std::uint32_t>(number(0, 30)),
                      fmt::format("rrc{:02}", number(0, collectors - 1)));
    }
    if (chance(20)) {
      story_.add_peer(20485, "rrc00");
    }
    const bool has_table = chance(70);
    for (const VantagePoint& peer : story_.peers()) {
      const std::uint32_t first = chance(80) ? 4837 : upstream();
      for (const std::string& prefix : kPrefixes) {
        if (has_table && chance(95)) {
          story_.table(Duration{}, -between(Duration{}, std::chrono::hours{48}), {&peer, 1},
                       {prefix}, path(first, prefix));
        }
      }
    }
  }

  inline static const StoryTeller::Prefixes kPrefixes{"10.1.0.0/24", "10.1.1.0/24", "10.2.0.0/19",
                                                      "2001:db8:131::/48"};

  std::string path(std::uint32_t over, const std::string& prefix) {
    const std::string origin = prefix == "10.2.0.0/19" ? "11960" : "131279";
    const std::string last = fmt::format("{} {}", over, origin);
    switch (number(0, 19)) {
      case 0:
        return fmt::format("174 9304 3356 {}", last);
      case 1:
        return fmt::format("3356 {{{},9198}} {}", over, origin);
      case 2:
        return fmt::format("6939 {} 134544 {}", over, origin);
      case 3:
        return last;
      case 4:
        return fmt::format("6939 {} {} {}", over, last, origin);
      default:
        return "6939 " + last;
    }
  }

  StoryTeller::Prefixes some_prefixes() {
    StoryTeller::Prefixes some;
    for (const std::string& prefix : kPrefixes) {
      if (chance(60)) {
        some.push_back(prefix);
      }
    }
    return some;
  }

  /// What some of the peers do, each within some time of the first.
  void episode(Duration at) {
    const int kind = number(0, 9);
    const std::uint32_t over = upstream();
    const StoryTeller::Prefixes prefixes = some_prefixes();
    const int part = std::array{10, 30, 60, 100}[static_cast<std::size_t>(number(0, 3))];
    const Duration spread = between(Duration{}, std::chrono::seconds{chance(50) ? 60 : 600});
    const Duration lasts =
        between(std::chrono::seconds{5}, std::chrono::minutes{chance(50) ? 4 : 90});
    const bool is_reverted = chance(60);
    for (const VantagePoint& peer : story_.peers()) {
      if (!chance(part)) {
        continue;
      }
      const std::span who{&peer, 1};
      const Duration begin = at + between(Duration{}, spread);
      act(kind, begin, who, prefixes, over);
      if (is_reverted) {
        for (const std::string& prefix : prefixes) {
          story_.announce(begin + lasts, who, {prefix}, path(4837, prefix));
        }
      }
    }
  }

  void act(int kind, Duration at, std::span<const VantagePoint> who,
           const StoryTeller::Prefixes& prefixes, std::uint32_t over) {
    switch (kind) {
      case 0:
        return story_.withdraw(at, who, prefixes);
      case 1:
        story_.session_down(at, who);
        return chance(50) ? story_.session_up(at + std::chrono::seconds{number(0, 300)}, who)
                          : void();
      case 2:
        return story_.announce(at, who, prefixes, "3356 9198");
      case 3:
        return story_.announce(at, who, {"192.88.99.0/24"}, "3356 22351 131279 51040");
      case 4:
        return story_.announce(at, who, {"10.1.0.128/25"}, fmt::format("6939 {} 131279", over));
      default:
        for (const std::string& prefix : prefixes) {
          story_.announce(at, who, {prefix}, path(over, prefix));
        }
    }
  }

  /// Probes in a few networks, each every minute.
  void trace_for_a_while() {
    const Duration begin = moment();
    const Duration change = between(Duration{}, std::chrono::hours{1});
    const std::uint32_t after = upstream();
    const int probes = number(1, 8);
    for (int probe = 0; probe < probes; ++probe) {
      const bool follows = chance(60);
      for (Duration at = between(Duration{}, std::chrono::minutes{1}); at < std::chrono::hours{2};
           at += std::chrono::seconds{60}) {
        story_.trace(observation(probe, begin + at, follows && at >= change ? after : 4837U));
      }
    }
  }

  Observation observation(int probe, Duration at, std::uint32_t over) {
    Observation seen;
    seen.time = seen.receive_time = kStoryStart + at;
    seen.vantage = {Plane::Data, fmt::format("probe{}", probe),
                    IpAddress::v4(0xc6130000 + static_cast<std::uint32_t>(probe)),
                    Asn{10'020 + static_cast<std::uint32_t>(probe / 2)}};
    seen.target = "star";
    seen.prefix = *Prefix::parse(chance(80) ? "10.1.0.0/24" : "2001:db8:131::/48");
    seen.grade = static_cast<Grade>(number(0, 3));
    seen.verdict = chance(5)   ? Verdict::Unreachable
                   : chance(5) ? Verdict::Inconclusive
                               : Verdict::Upstream;
    if (seen.verdict == Verdict::Upstream) {
      seen.upstreams = {Asn{over}};
      seen.path = {seen.vantage.asn, Asn{over}, Asn{131279}};
      seen.trace = TraceEvidence{.upstream_addresses = {IpAddress::v4(
                                     over * 4 + static_cast<std::uint32_t>(number(0, 3)))},
                                 .run_length = 2,
                                 .reached = true};
    }
    seen.evidence_id =
        combine(static_cast<std::uint64_t>(at.count()), static_cast<std::uint64_t>(probe));
    return seen;
  }

  std::mt19937_64 random_;
  StoryTeller story_;
};

}  // namespace isthmus::testing
