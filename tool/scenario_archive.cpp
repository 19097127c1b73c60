#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "tool/scenario.hpp"

namespace isthmus::tool {
namespace {

constexpr std::size_t kFlushAt = std::size_t{1} << 20;

/// "20171001.0000", as archives of route collectors are named.
std::string file_time(TimePoint time) {
  const std::string utc = format_utc(time);
  return utc.substr(0, 4) + utc.substr(5, 2) + utc.substr(8, 2) + '.' + utc.substr(11, 2) +
         utc.substr(14, 2);
}

std::string archive_name(const Scenario& scenario, std::size_t collector, std::string_view kind) {
  return scenario.collectors[collector].name + '.' + std::string{kind} + '.' +
         file_time(scenario.base) + ".mrt";
}

/// A file that is there as a whole or not at all.
class ArchiveFile {
 public:
  explicit ArchiveFile(std::filesystem::path path)
      : path_{std::move(path)},
        part_{path_.string() + ".part"},
        file_{part_, std::ios::binary | std::ios::trunc} {}

  void drain(collector::MrtWriter& writer, std::size_t at_least) {
    if (writer.view().size() > at_least) {
      const std::string_view bytes = as_text(writer.view());
      file_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
      writer.clear();
    }
  }
  Result<void> finish() {
    file_.close();
    std::error_code error;
    if (file_.fail()) {
      std::filesystem::remove(part_, error);
      return fail(part_.string() + ": cannot be written");
    }
    std::filesystem::rename(part_, path_, error);
    if (error) {
      const std::string message = path_.string() + ": " + error.message();
      std::filesystem::remove(part_, error);
      return fail(message);
    }
    return {};
  }

 private:
  std::filesystem::path path_;
  std::filesystem::path part_;
  std::ofstream file_;
};

RouteAttributes attributes_of(const ScenarioEvent& event, const VantagePoint& peer) {
  RouteAttributes attributes;
  attributes.origin = Origin::Igp;
  attributes.as_path = event.path;
  attributes.next_hop = peer.address;
  return attributes;
}

Result<void> write_table(const Scenario& scenario, std::size_t collector,
                         const std::filesystem::path& path) {
  collector::MrtWriter writer{scenario.collectors[collector]};
  ArchiveFile file{path};
  std::vector<VantagePoint> peers;
  std::vector<std::uint16_t> positions(scenario.vantages.size());
  for (std::size_t i = 0; i < scenario.vantages.size(); ++i) {
    if (scenario.vantages[i].collector == collector) {
      positions[i] = static_cast<std::uint16_t>(peers.size());
      peers.push_back(scenario.vantages[i].point);
    }
  }
  if (auto written = writer.peer_index_table(scenario.base, peers); !written) {
    return written;
  }
  const auto& table = scenario.table;
  for (std::size_t i = 0; i < table.size();) {
    const Prefix prefix = table[i].prefix;
    std::vector<RouteAttributes> attributes;
    std::vector<collector::MrtWriter::RibEntry> entries;
    for (; i < table.size() && table[i].prefix == prefix; ++i) {
      const ScenarioVantage& vantage = scenario.vantages[table[i].vantage];
      if (vantage.collector == collector) {
        entries.push_back({positions[table[i].vantage], table[i].time, nullptr});
        attributes.push_back(attributes_of(table[i], vantage.point));
      }
    }
    for (std::size_t k = 0; k < entries.size(); ++k) {
      entries[k].attributes = &attributes[k];
    }
    if (entries.empty()) {
      continue;
    }
    if (auto written = writer.rib(scenario.base, prefix, entries); !written) {
      return written;
    }
    file.drain(writer, kFlushAt);
  }
  file.drain(writer, 0);
  return file.finish();
}

/// Whether one UPDATE can carry both.
bool together(const ScenarioEvent& left, const ScenarioEvent& right) {
  return left.time == right.time && left.vantage == right.vantage && left.kind == right.kind &&
         left.path == right.path;
}

Result<void> write_event(collector::MrtWriter& writer, const ScenarioEvent& event,
                         const VantagePoint& peer, const std::vector<Prefix>& prefixes) {
  switch (event.kind) {
    case RouteKind::Announce:
      return writer.announce(event.time, peer, attributes_of(event, peer), prefixes);
    case RouteKind::Withdraw:
      return writer.withdraw(event.time, peer, prefixes);
    default:
      return writer.state_change(event.time, peer, event.kind == RouteKind::PeerUp);
  }
}

Result<void> write_updates(const Scenario& scenario, std::size_t collector,
                           const std::filesystem::path& path) {
  collector::MrtWriter writer{scenario.collectors[collector]};
  ArchiveFile file{path};
  const auto& events = scenario.events;
  for (std::size_t i = 0; i < events.size();) {
    const std::size_t first = i;
    std::vector<Prefix> prefixes;
    for (; i < events.size() && together(events[first], events[i]); ++i) {
      prefixes.push_back(events[i].prefix);
    }
    const ScenarioVantage& vantage = scenario.vantages[events[first].vantage];
    if (vantage.collector != collector) {
      continue;
    }
    if (auto written = write_event(writer, events[first], vantage.point, prefixes); !written) {
      return written;
    }
    file.drain(writer, kFlushAt);
  }
  file.drain(writer, 0);
  return file.finish();
}

}  // namespace

std::vector<std::string> archive_names(const Scenario& scenario) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < scenario.collectors.size(); ++i) {
    names.push_back(archive_name(scenario, i, "rib"));
    names.push_back(archive_name(scenario, i, "updates"));
  }
  return names;
}

Result<void> write_archives(const Scenario& scenario, const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return fail(folder + ": " + error.message());
  }
  const std::filesystem::path base{folder};
  for (std::size_t i = 0; i < scenario.collectors.size(); ++i) {
    if (auto written = write_table(scenario, i, base / archive_name(scenario, i, "rib"));
        !written) {
      return written;
    }
    if (auto written = write_updates(scenario, i, base / archive_name(scenario, i, "updates"));
        !written) {
      return written;
    }
  }
  return {};
}

}  // namespace isthmus::tool
