#include "tests/collector/detect/probes.hpp"

namespace {

using collector::SweepKind;

/// Sixteen probes on AS4837, of which some go over to AS20485 after ten minutes.
StoryTeller switching(std::uint32_t groups, Duration until, Target target = star()) {
  StoryTeller story{{std::move(target)}};
  trace_rounds(story, 0, 16, 0s, 10min, 4837);
  trace_rounds(story, 0, groups, 10min, until, 20485);
  trace_rounds(story, groups, 16 - groups, 10min, until, 4837);
  return story;
}

Findings found_by(collector::Detector& detector, const StoryTeller& story, Duration until) {
  for (const Tiding& tiding : story.tidings()) {
    tiding.tell(detector);
  }
  detector.finish(kStoryStart + until);
  return detector.take_findings();
}

}  // namespace

TEST_CASE("packets alone confirm what many groups measured after the hold time") {
  const StoryTeller story = switching(10, 20min);
  const Findings found = told(story, 20min);
  const Event& confirmed = the_only(found, EventType::UpstreamNew);
  CHECK(confirmed.rule == "fused");
  CHECK(confirmed.upstream == Asn{20485});
  CHECK(confirmed.planes == std::vector<Plane>{Plane::Data});
  CHECK(seconds_of(confirmed.time) >= 600 + 180);
  CHECK(seconds_of(confirmed.time) <= 600 + 250);
  CHECK(confirmed.share == Approx(10.0 / 16));
}

TEST_CASE("what lasts less than the hold time is not confirmed by what it left behind") {
  StoryTeller story{{star()}};
  trace_rounds(story, 0, 16, 0s, 10min, 4837);
  trace_rounds(story, 0, 16, 10min, 13min, 20485);
  trace_rounds(story, 0, 16, 13min, 60min, 4837);
  const Findings found = told(story, 90min);
  CHECK(count_of(found, EventType::UpstreamProbable) == 1);
  CHECK(count_of(found, EventType::UpstreamNew) == 0);
  CHECK(count_of(found, EventType::Dismissed) == 1);
}

TEST_CASE("a first sight is swept at once, and what is probable again after the hold time") {
  const StoryTeller story = switching(10, 20min);
  collector::Detector detector{story.targets(), story.settings()};
  const Findings found = found_by(detector, story, 20min);
  REQUIRE(found.sweeps.size() == 2);
  CHECK(found.sweeps[0].kind == SweepKind::Suspicion);
  CHECK(found.sweeps[0].upstream == Asn{20485});
  CHECK(found.sweeps[0].prefix == Prefix::parse(kStarPrefix));
  CHECK(found.sweeps[0].at == kStoryStart + 10min);
  CHECK(found.sweeps[1].kind == SweepKind::Hold);
  CHECK(found.sweeps[1].at == kStoryStart + 13min + 1s);
  CHECK(detector.counters().sweeps.at({"star", SweepKind::Hold}) == 1);
}

TEST_CASE("one forger among sixteen groups confirms nothing in hours, and hides nothing") {
  StoryTeller story{{star()}};
  trace_rounds(story, 1, 15, 0s, 4h, 4837);
  for (Duration at{}; at < 8h; at += 20s) {
    Observation forged =
        traced(0, at, at % 1min == 0s ? 30'000 + static_cast<std::uint32_t>(at / 1min) : 666);
    forged.trace->upstream_addresses = {
        IpAddress::v4(static_cast<std::uint32_t>(at / 10s)),
        IpAddress::v4(0x80000000 + static_cast<std::uint32_t>(at / 10s))};
    story.trace(forged);
  }
  trace_rounds(story, 1, 9, 4h, 7h, 20485);
  trace_rounds(story, 10, 6, 4h, 7h, 4837);
  collector::Detector detector{story.targets(), story.settings()};
  const Findings found = found_by(detector, story, 8h);
  const Event& confirmed = the_only(found, EventType::UpstreamNew);
  CHECK(confirmed.upstream == Asn{20485});
  CHECK(seconds_of(confirmed.time) <= 14'400 + 300);
  CHECK(count_of(found, EventType::UpstreamLost) == 0);
  // It may not fill the list of candidates, nor use up the sweeps.
  CHECK(count_of(found, EventType::UpstreamCandidate) <= 14);
  CHECK(detector.counters().suppressed.at({"star", "candidate_limit"}) > 100);
  CHECK(detector.status(kStoryStart + 8h).front().upstreams.size() <= 14);
}

TEST_CASE("what stands behind a known upstream that others use is a third party's address") {
  StoryTeller story{{star()}};
  trace_rounds(story, 0, 16, 0s, 10min, 4837);
  trace_rounds(story, 0, 12, 10min, 2h, 3491, 4837);
  trace_rounds(story, 12, 4, 10min, 2h, 4837);
  const Findings found = told(story, 2h);
  CHECK(count_of(found, EventType::UpstreamNew) == 0);
  CHECK(count_of(found, EventType::UpstreamInserted) == 0);
}

TEST_CASE("a front that all go through, and none without it, is inserted") {
  StoryTeller story{{star()}};
  trace_rounds(story, 0, 16, 0s, 10min, 4837);
  trace_rounds(story, 0, 16, 10min, 1h, 134544, 4837);
  const Findings found = told(story, 1h);
  CHECK(the_only(found, EventType::UpstreamInserted).upstream == Asn{134544});
  collector::Detector detector{story.targets(), story.settings()};
  static_cast<void>(found_by(detector, story, 1h));
  const auto list = detector.status(kStoryStart + 1h);
  const auto front = std::find_if(list.front().upstreams.begin(), list.front().upstreams.end(),
                                  [](const auto& each) { return each.asn == Asn{134544}; });
  REQUIRE(front != list.front().upstreams.end());
  CHECK(front->front_of == Asn{4837});
}

TEST_CASE("another host behind a new first hop is a suspected hijack, never an upstream") {
  StoryTeller story{{star()}};
  trace_rounds(story, 0, 16, 0s, 10min, 4837);
  for (std::uint32_t probe = 0; probe < 10; ++probe) {
    for (Duration at = 10min + probe * 2s; at < 30min; at += 1min) {
      Observation seen = traced(probe, at, 666);
      seen.reasons = {"other_host"};
      story.trace(seen);
    }
  }
  trace_rounds(story, 10, 6, 10min, 30min, 4837);
  const Findings found = told(story, 30min);
  CHECK(the_only(found, EventType::SuspectedHijack).rule == "other_host");
  CHECK(count_of(found, EventType::UpstreamNew) == 0);
}

TEST_CASE("routes that appear while packets fall silent are a suspected hijack") {
  StoryTeller story{{star()}};
  story.add_peers(24, 3);
  story.table(0s, -24h, story.peers(), {kStarPrefix}, kUnicomPath);
  trace_rounds(story, 0, 16, 0s, 10min, 4837);
  trace_rounds(story, 8, 8, 10min, 30min, 4837);
  story.announce(10min, story.peers(0, 14), {kStarPrefix}, "6939 666 131279");
  for (std::uint32_t probe = 0; probe < 8; ++probe) {
    for (Duration at = 10min + probe * 2s; at < 30min; at += 20s) {
      story.trace(silent(probe, at));
    }
  }
  const Findings found = told(story, 30min);
  CHECK(the_only(found, EventType::SuspectedHijack).rule == "dark_after_route");
  CHECK(count_of(found, EventType::UpstreamNew) == 0);
}

TEST_CASE("paths with the shape of a leak are told as one") {
  StoryTeller story{{star()}};
  story.add_peers(24, 3);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(10min, story.peers(0, 12), kStarPrefixes, "3356 9304 1299 22351 131279");
  const Findings found = told(story, 1h);
  CHECK(the_only(found, EventType::SuspectedLeak).rule == "leak_shape");
  CHECK(count_of(found, EventType::UpstreamNew) == 0);
}

TEST_CASE("silence counts when it has come three times, where the target answered before") {
  const bool answered = GENERATE(true, false);
  StoryTeller story{{star()}};
  if (answered) {
    trace_rounds(story, 0, 4, 0s, 5min, 4837);
  }
  const int silences = GENERATE(2, 3);
  for (int round = 0; round < silences; ++round) {
    for (std::uint32_t probe = 0; probe < 4; ++probe) {
      story.trace(silent(probe, 5min + round * 30s + probe * 1s));
    }
  }
  collector::Detector detector{story.targets(), story.settings()};
  static_cast<void>(found_by(detector, story, 6min + 10s));
  const auto list = detector.status(kStoryStart + 6min + 10s);
  const bool gone = answered && silences == 3;
  CHECK(list.front().vantages.front().unreachable == (gone ? 4 : 0));
}

TEST_CASE("of several probes in one network the majority speaks") {
  StoryTeller story{{star()}};
  for (std::uint32_t probe = 0; probe < 3; ++probe) {
    Observation seen = traced(probe, 1min, probe == 0 ? 20485 : 4837);
    seen.vantage.asn = Asn{20'000};
    story.trace(seen);
  }
  collector::Detector detector{story.targets(), story.settings()};
  static_cast<void>(found_by(detector, story, 1min));
  const auto list = detector.status(kStoryStart + 1min);
  CHECK(list.front().prefixes.front().planes.front().shares ==
        std::vector<UpstreamShare>{{Asn{4837}, 1}});
}

TEST_CASE("an inconclusive traceroute does not renew what was said before") {
  StoryTeller story{{star()}};
  story.trace(traced(0, 1min, 4837));
  for (Duration at = 2min; at < 10min; at += 1min) {
    Observation seen = traced(0, at, 4837);
    seen.verdict = Verdict::Inconclusive;
    seen.upstreams.clear();
    story.trace(seen);
  }
  collector::Detector detector{story.targets(), story.settings()};
  static_cast<void>(found_by(detector, story, 10min));
  const auto list = detector.status(kStoryStart + 10min);
  CHECK(list.front().vantages.front().conclusive == 0);
  CHECK(list.front().vantages.front().inconclusive == 1);
}

TEST_CASE("one prefix of four is enough, though the same groups go another way to the others") {
  StoryTeller story{{star()}};
  for (std::uint32_t probe = 0; probe < 16; ++probe) {
    for (const std::string& prefix : kStarPrefixes) {
      for (Duration at = probe * 2s; at < 25min; at += 1min) {
        const bool moved = probe < 10 && prefix == kStarPrefix && at >= 10min;
        Observation seen = traced(probe, at, moved ? 20485 : 4837);
        seen.prefix = Prefix::parse(prefix).value();
        seen.evidence_id = combine(seen.evidence_id, hash_value(seen.prefix));
        story.trace(seen);
      }
    }
  }
  const Findings found = told(story, 25min);
  const Event& confirmed = the_only(found, EventType::UpstreamNew);
  REQUIRE(confirmed.prefixes.size() == 1);
  CHECK(confirmed.prefixes.front().prefix == Prefix::parse(kStarPrefix));
  CHECK(seconds_of(confirmed.time) <= 600 + 250);
}

TEST_CASE("groups that never had another upstream discover one, and that is no news") {
  StoryTeller story{{star()}};
  trace_rounds(story, 0, 8, 0s, 30min, 4837);
  trace_rounds(story, 8, 8, 10min, 30min, 20485);
  const Findings found = told(story, 30min);
  CHECK(count_of(found, EventType::UpstreamNew) == 0);
  CHECK(the_only(found, EventType::UpstreamDiscovered).upstream == Asn{20485});
}

TEST_CASE("in a maintenance window nothing is confirmed, and after it what stayed is") {
  Target target = star();
  target.maintenance = {{kStoryStart + 9min, kStoryStart + 18min}};
  const StoryTeller story = switching(10, 30min, target);
  collector::Detector detector{story.targets(), story.settings()};
  const Findings found = found_by(detector, story, 30min);
  CHECK(seconds_of(the_only(found, EventType::UpstreamNew).time) >= 18 * 60);
  CHECK(detector.counters().suppressed.at({"star", "maintenance_window"}) == 1);
}

TEST_CASE("after a restart nothing is confirmed for two probe intervals") {
  const StoryTeller story = switching(10, 20min);
  collector::Detector before{story.targets(), story.settings()};
  for (const Tiding& tiding : story.tidings()) {
    tiding.tell(before);
  }
  before.advance(kStoryStart + 14min + 30s);
  CHECK(count_of(before.take_findings(), EventType::UpstreamNew) == 0);
  std::string saved;
  before.save(saved);
  collector::Detector after{story.targets(), story.settings()};
  REQUIRE(after.restore(as_bytes(saved), kStoryStart + 15min));
  after.finish(kStoryStart + 20min);
  CHECK(seconds_of(the_only(after.take_findings(), EventType::UpstreamNew).time) >= 17 * 60);
}

TEST_CASE("what is born with a new table needs one witness more") {
  const bool changed = GENERATE(false, true);
  const StoryTeller story = switching(3, 25min);
  collector::Detector detector{story.targets(), story.settings()};
  collector::DetectorTables tables;
  tables.versions = {{"origins", "1"}};
  detector.use(tables, kStoryStart);
  if (changed) {
    tables.versions = {{"origins", "2"}};
    detector.use(tables, kStoryStart + 9min);
  }
  const Findings found = found_by(detector, story, 25min);
  CHECK(count_of(found, EventType::UpstreamNew) == (changed ? 0 : 1));
  if (changed) {
    CHECK(detector.counters().suppressed.at({"star", "ip2as_change"}) == 1);
  } else {
    CHECK(the_only(found, EventType::UpstreamNew).dataset_versions == tables.versions);
  }
}

TEST_CASE("the way behind the same upstream changes for many: that is no new upstream") {
  StoryTeller story{{star()}};
  story.add_peers(24, 3);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(10min, story.peers(0, 12), kStarPrefixes, "37282 4809 4837 131279");
  const Findings found = told(story, 1h);
  const Event& shift = the_only(found, EventType::TransitShift);
  CHECK(shift.upstream == Asn{4837});
  CHECK(seconds_of(shift.time) == 600 + 180);
  CHECK(count_of(found, EventType::UpstreamCandidate) == 0);
}

TEST_CASE("planes that are apart for ten minutes are told once") {
  StoryTeller story{{star()}};
  story.add_peers(8, 2);
  story.table(0s, -24h, story.peers(), {kStarPrefix}, kUnicomPath);
  trace_rounds(story, 0, 8, 0s, 10min, 4837);
  for (std::uint32_t probe = 0; probe < 8; ++probe) {
    for (Duration at = 10min + probe * 1s; at < 1h; at += 1min) {
      story.trace(silent(probe, at));
    }
  }
  const Findings found = told(story, 1h);
  const Event& apart = the_only(found, EventType::PlaneDisagreement);
  CHECK(seconds_of(apart.time) >= 20 * 60);
  CHECK(seconds_of(apart.time) <= 25 * 60);
  CHECK(count_of(found, EventType::UpstreamLost) == 0);
}

TEST_CASE("a clock that runs ahead is set back to the time of receipt") {
  StoryTeller story{{star()}};
  Observation seen = traced(0, 10h, 4837);
  seen.receive_time = kStoryStart + 1min;
  story.trace(seen);
  collector::Detector detector{story.targets(), story.settings()};
  story.tidings().front().tell(detector);
  detector.finish(kStoryStart + 2min);
  const Findings found = detector.take_findings();
  REQUIRE(found.observations.size() == 1);
  CHECK(found.observations.front().time == kStoryStart + 1min);
  CHECK(found.observations.front().reasons == std::vector<std::string>{"clock_ahead"});
}
