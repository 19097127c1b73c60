#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <catch2/catch.hpp>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <zlib.h>

#include "collector/publish/metric_families.hpp"
#include "collector/publish/metrics_page.hpp"
#include "core/net/address.hpp"
#include "tests/collector/publish/samples.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/test_paths.hpp"

using namespace isthmus;
using namespace isthmus::collector;

namespace {

std::string text_of(const Snapshot& snapshot, MetricsFormat format = MetricsFormat::Prometheus,
                    const MetricLimits& limits = {}) {
  std::string text;
  MetricsText sink{text, format, limits.series};
  visit_snapshot(snapshot, limits, sink);
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line);
  }
  return lines;
}

bool has_line(const std::string& text, const std::string& line) {
  const auto lines = lines_of(text);
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

struct Series {
  std::string name;
  std::map<std::string, std::string> labels;
  friend auto operator<=>(const Series&, const Series&) = default;
};

/// Reads one sample line of the text format; written apart from the writer on purpose.
std::pair<Series, double> parse_sample(const std::string& line) {
  Series series;
  std::size_t at = line.find_first_of("{ ");
  series.name = line.substr(0, at);
  if (line[at] == '{') {
    ++at;
    while (line[at] != '}') {
      const std::size_t equals = line.find('=', at);
      const std::string name = line.substr(at, equals - at);
      std::string value;
      for (at = equals + 2; line[at] != '"'; ++at) {
        if (line[at] == '\\') {
          ++at;
          value += line[at] == 'n' ? '\n' : line[at];
        } else {
          value += line[at];
        }
      }
      at += line[at + 1] == ',' ? 2U : 1U;
      series.labels[name] =
          name == "le" && value != "+Inf" ? std::to_string(std::stod(value)) : value;
    }
    ++at;
  }
  const std::string rest = line.substr(at + 1);
  return {series, std::stod(rest == "+Inf" ? "inf" : rest)};
}

std::map<Series, double> samples_of(const std::string& text) {
  std::map<Series, double> samples;
  for (const std::string& line : lines_of(text)) {
    if (!line.empty() && line[0] != '#') {
      const auto [series, value] = parse_sample(line);
      REQUIRE(samples.emplace(series, value).second);  // no series twice
    }
  }
  return samples;
}

std::string inflate_all(std::string_view packed) {
  z_stream stream{};
  REQUIRE(::inflateInit2(&stream, 15 + 16) == Z_OK);
  std::string text;
  std::string piece(65536, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  while (stream.avail_in > 0) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    const int code = ::inflate(&stream, Z_NO_FLUSH);
    REQUIRE((code == Z_OK || code == Z_STREAM_END));
    text.append(piece, 0, piece.size() - stream.avail_out);
    if (code == Z_STREAM_END && stream.avail_in > 0) {
      REQUIRE(::inflateReset(&stream) == Z_OK);  // the next member
    }
  }
  ::inflateEnd(&stream);
  return text;
}

/// As many upstreams as wanted, all of one target.
Snapshot crowd(std::size_t upstreams) {
  Snapshot snapshot = sample_snapshot();
  snapshot.targets[0].upstreams.clear();
  for (std::size_t i = 0; i < upstreams; ++i) {
    snapshot.targets[0].upstreams.push_back(
        sample_upstream(Asn{static_cast<std::uint32_t>(1000 + i)}, UpstreamState::Established,
                        1.0 / static_cast<double>(upstreams)));
  }
  return snapshot;
}

}  // namespace

TEST_CASE("a state is told in the text format", "[metrics]") {
  const std::string text = text_of(sample_snapshot());
  CHECK(has_line(text, "# TYPE isthmus_upstream_share_ratio gauge"));
  CHECK(has_line(text,
                 "isthmus_upstream_share_ratio{target=\"star-jv\",upstream_asn=\"20485\",plane="
                 "\"control\",family=\"ipv4\"} 0.75"));
  CHECK(has_line(text,
                 "isthmus_upstream_state{target=\"star-jv\",upstream_asn=\"20485\",family=\"ipv4\","
                 "state=\"confirmed\"} 1"));
  CHECK(has_line(text,
                 "isthmus_upstream_state{target=\"star-jv\",upstream_asn=\"20485\",family=\"ipv4\","
                 "state=\"withdrawn\"} 0"));
  CHECK(has_line(text,
                 "isthmus_upstream_confirmed_timestamp_seconds{target=\"star-jv\",upstream_"
                 "asn=\"20485\",family=\"ipv4\"} 1506849080"));
  CHECK(has_line(text,
                 "isthmus_upstream_rtt_seconds_bucket{target=\"star-jv\",upstream_asn="
                 "\"20485\",family=\"ipv4\",le=\"0.5\"} 3"));
  CHECK(has_line(text,
                 "isthmus_upstream_rtt_seconds_bucket{target=\"star-jv\",upstream_asn="
                 "\"20485\",family=\"ipv4\",le=\"1.0\"} 3"));
  CHECK(has_line(text,
                 "isthmus_upstream_info{target=\"star-jv\",upstream_asn=\"20485\",name=\"TTK "
                 "\\\"TransTeleCom\\\"\",cc=\"RU\",cc_source=\"delegated\",class=\"transit\"} 1"));
  CHECK(has_line(text,
                 "isthmus_target_vantages{target=\"star-jv\",plane=\"data\",family=\"ipv4\","
                 "status=\"stale\"} 1"));
  CHECK(has_line(text, "isthmus_ip2as_age_seconds{source=\"pfx2as\"} 120600"));
  CHECK(text.find("event_id") == std::string::npos);
}

TEST_CASE("an upstream that is known has zeroes on a plane where nobody uses it", "[metrics]") {
  const std::string text = text_of(sample_snapshot());
  CHECK(has_line(text,
                 "isthmus_upstream_share_ratio{target=\"star-jv\",upstream_asn=\"4837\",plane="
                 "\"data\",family=\"ipv4\"} 0"));
  CHECK(has_line(text,
                 "isthmus_events_total{target=\"star-jv\",type=\"upstream_lost\",severity="
                 "\"critical\"} 0"));
}

TEST_CASE("OpenMetrics names units and points to events by exemplars", "[metrics]") {
  const std::string text = text_of(sample_snapshot(), MetricsFormat::OpenMetrics);
  CHECK(has_line(text, "# UNIT isthmus_upstream_share_ratio ratio"));
  CHECK(has_line(text, "# TYPE isthmus_events counter"));
  CHECK(has_line(text, "# TYPE isthmus_upstream info"));
  CHECK(has_line(text,
                 "isthmus_events_total{target=\"star-jv\",type=\"upstream_new\",severity="
                 "\"critical\"} 1 # {event_id=\"01BVBK24JR0123456789ABCDEF\"} 1 1506849080"));
  CHECK(has_line(text,
                 "isthmus_event_detection_delay_seconds_bucket{type=\"upstream_new\",le=\"300.0\"} "
                 "1 # {event_id=\"01BVBK24JR0123456789ABCDEF\"} 209 1506849080"));
}

TEST_CASE("prometheus-cpp's own serializer says the same", "[metrics]") {
  const Snapshot snapshot = sample_snapshot();
  const MetricLimits limits;
  const MetricSource source{[&](MetricSink& sink) { visit_snapshot(snapshot, limits, sink); },
                            limits.series};
  const std::string theirs = prometheus::TextSerializer{}.Serialize(source.Collect());
  const auto ours = samples_of(text_of(snapshot));
  CHECK(ours.size() > 100);
  CHECK(samples_of(theirs) == ours);
}

TEST_CASE("sixteen upstreams have labels, the sum of the others is told as one", "[metrics]") {
  const auto samples = samples_of(text_of(crowd(20)));
  std::set<std::string> asns;
  double sum = 0;
  for (const auto& [series, value] : samples) {
    if (series.name == "isthmus_upstream_share_ratio" && series.labels.at("plane") == "control") {
      asns.insert(series.labels.at("upstream_asn"));
      sum += value;
    }
  }
  CHECK(asns.size() == 17);
  CHECK(asns.count("other") == 1);
  CHECK(sum == Approx(1));
}

TEST_CASE("what stands has labels before what is gone", "[metrics]") {
  Snapshot snapshot = crowd(20);
  UpstreamStatus gone = sample_upstream(Asn{5}, UpstreamState::Withdrawn, 0.9);
  UpstreamStatus fresh = sample_upstream(Asn{6}, UpstreamState::Confirmed, 0.0001);
  auto& upstreams = snapshot.targets[0].upstreams;
  upstreams.resize(15);
  upstreams.insert(upstreams.begin(), gone);
  upstreams.push_back(fresh);
  const std::string text = text_of(snapshot);
  CHECK(text.find("upstream_asn=\"6\"") != std::string::npos);
  CHECK(text.find("upstream_asn=\"5\"") == std::string::npos);
}

TEST_CASE("series past the limit are dropped and counted", "[metrics]") {
  SelfMetrics self;
  MetricsPage page{self, {.upstreams = 1000, .series = 10}};
  const MetricsBody body = page.body(crowd(50), {});
  const auto samples = samples_of(*body.series + body.rest);
  const auto count = [&](std::string_view name) {
    return std::count_if(samples.begin(), samples.end(),
                         [&](const auto& each) { return each.first.name == name; });
  };
  CHECK(count("isthmus_upstream_share_ratio") == 10);
  CHECK(samples.at({"isthmus_metrics_series_dropped_total",
                    {{"metric", "isthmus_upstream_share_ratio"}}}) == 90);
}

TEST_CASE("no label ever holds an address, a path or the id of an event", "[metrics]") {
  SelfMetrics self;
  MetricsPage page{self, {}};
  self.count_request("metrics", 200, 0.01);
  const MetricsBody body = page.body(sample_snapshot(), {});
  std::size_t values = 0;
  for (const auto& [series, value] : samples_of(*body.series + body.rest)) {
    for (const auto& [name, label] : series.labels) {
      ++values;
      INFO(series.name << " " << name << "=" << label);
      CHECK_FALSE(IpAddress::parse(label));
      CHECK(label.find("01BVBK24JR") == std::string::npos);
      CHECK(label.find("4837 131279") == std::string::npos);
      CHECK(label.find('>') == std::string::npos);
    }
  }
  CHECK(values > 300);
}

TEST_CASE("labels are those of the catalogue, at most ten and without an unbounded one",
          "[metrics]") {
  const std::set<std::string_view> allowed{
      "target",   "upstream_asn", "name",   "cc",     "cc_source", "class",
      "family",   "state",        "plane",  "prefix", "status",    "type",
      "severity", "reason",       "grade",  "kind",   "probe",     "group_asn",
      "result",   "collector",    "source", "queue",  "version",   "revision",
      "handler",  "code",         "format", "metric", "receiver"};
  std::set<std::string_view> names;
  std::set<std::string_view> with_prefix;
  for (const auto list : {snapshot_metrics(), self_metrics()}) {
    for (const MetricInfo* const info : list) {
      INFO(info->name);
      CHECK(names.insert(info->name).second);
      const auto labels = label_names(*info);
      CHECK(labels.size() <= 10);
      for (const std::string_view label : labels) {
        CHECK(allowed.count(label) == 1);
        if (label == "prefix") {
          with_prefix.insert(info->name);
        }
        if (label == "probe") {
          CHECK(info->name.starts_with("isthmus_probe_"));
        }
      }
      CHECK((info->kind == MetricKind::Counter) == info->name.ends_with("_total"));
    }
  }
  CHECK(with_prefix.size() <= 3);
}

TEST_CASE("every series is of the catalogue and in its order", "[metrics]") {
  std::vector<std::string> begun;
  for (const std::string& line : lines_of(text_of(sample_snapshot()))) {
    if (line.starts_with("# TYPE ")) {
      begun.push_back(line.substr(7, line.find(' ', 7) - 7));
    }
  }
  std::vector<std::string> listed;
  for (const MetricInfo* const info : snapshot_metrics()) {
    listed.emplace_back(info->name);
  }
  CHECK(begun == listed);
}

TEST_CASE("the page of the reference is what the program would write", "[metrics]") {
  const std::string path = std::string{test::source_dir()} + "/docs/reference/metrics.md";
  std::ifstream file{path};
  const std::string page{std::istreambuf_iterator<char>{file}, {}};
  if (std::getenv("ISTHMUS_WRITE_REFERENCE") != nullptr) {
    std::ofstream{path} << metrics_reference();
  } else {
    // To write it anew: ISTHMUS_WRITE_REFERENCE=1 build/dev/bin/collector_metrics_test "the page*"
    CHECK(page == metrics_reference());
  }
}

TEST_CASE("the series of a state are written once for each format", "[metrics]") {
  SelfMetrics self;
  MetricsPage page{self, {}};
  Snapshot snapshot = sample_snapshot();
  const MetricsBody first = page.body(snapshot, {});
  CHECK(page.body(snapshot, {}).series == first.series);
  CHECK(page.body(snapshot, {.format = MetricsFormat::OpenMetrics}).series != first.series);
  ++snapshot.generation;
  snapshot.targets[0].plane_disagreement = 0.5;
  const MetricsBody second = page.body(snapshot, {});
  CHECK(second.series != first.series);
  CHECK(second.series->find("isthmus_plane_disagreement_ratio{target=\"star-jv\",family=\"ipv4\"} "
                            "0.5\n") != std::string::npos);
}

TEST_CASE("what is compressed reads back, the end included", "[metrics]") {
  SelfMetrics self;
  MetricsPage page{self, {}};
  const Snapshot snapshot = crowd(16);
  const MetricsBody packed =
      page.body(snapshot, {.format = MetricsFormat::OpenMetrics, .gzip = true});
  const std::string text = inflate_all(*packed.series + packed.rest);
  CHECK(text.starts_with(text_of(snapshot, MetricsFormat::OpenMetrics)));
  CHECK(text.ends_with("# EOF\n"));
}

TEST_CASE("a scraper gets the format that it prefers", "[metrics]") {
  const auto wish = [](const char* accept, const char* encoding) {
    const MetricsWish read = read_wish(accept, encoding);
    return std::pair{read.format == MetricsFormat::OpenMetrics, read.gzip};
  };
  using Answer = std::pair<bool, bool>;
  CHECK(wish("", "") == Answer{false, false});
  // What Prometheus 2.42 sends.
  CHECK(
      wish("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
           "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
           "gzip") == Answer{true, true});
  CHECK(wish("text/plain", "gzip;q=0") == Answer{false, false});
  CHECK(wish("text/plain, application/openmetrics-text;q=0.1", "deflate, *") ==
        Answer{false, true});
  CHECK(wish("application/openmetrics-text;q=0", "br") == Answer{false, false});
  CHECK(wish(";;;,,q=,", ",;q=nan,gzip;q=x") == Answer{false, false});
}

TEST_CASE("promtool finds nothing to say", "[metrics]") {
  SelfMetrics self;
  self.count_request("metrics", 200, 0.01);
  self.count_delivery("pager", "delivered");
  self.set_queue("pager", 0, 0);
  self.count_dropped("isthmus_upstream_share_ratio", 1);
  MetricsPage page{self, {}};
  const MetricsBody body = page.body(sample_snapshot(), {});
  const isthmus::testing::ScratchFolder folder;
  const std::string file = folder.file("metrics.txt", *body.series + body.rest);
  const std::string told = folder.path() + "/told.txt";
  const int status =
      std::system(("promtool check metrics <" + file + " >" + told + " 2>&1").c_str());
  std::ifstream in{told};
  INFO(std::string(std::istreambuf_iterator<char>{in}, {}));
  CHECK(status == 0);
}
