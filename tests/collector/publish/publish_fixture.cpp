// Everything that publishes, on the history that MRT archives give: publish_fixture HISTORY
// TARGET_ASN KNOWN_ASN [FILE...]
//
// For the tests beside it and for work on the page. Prints `port N` and serves; reads commands from
// standard input:
//   tell TYPE    tells the events of that type (or `all`) of the history as if they were found now
//   snapshot     publishes a new state
//   load FILE... reads what these archives have behind the first ones, and tells its events
//   quit
// The environment: WEB_CONFIG (a file), ALERTMANAGER and WEBHOOK (URLs), SECRET (a file), QUICK=1
// compresses the times of alerts, ISTHMUS_LISTEN (an address; 127.0.0.1:0 without).
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "collector/detect/detector.hpp"
#include "collector/feed/merged_source.hpp"
#include "collector/feed/mrt_reader.hpp"
#include "collector/publish/publisher.hpp"
#include "core/runtime/http_server.hpp"

namespace isthmus::collector {
namespace {

std::string setting(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string{} : std::string{value};
}

[[noreturn]] void give_up(const Error& error) {
  std::cerr << error.message << '\n';
  std::exit(1);
}

template <typename T>
T need(Result<T> result) {
  if (!result) {
    give_up(result.error());
  }
  return std::move(*result);
}

/// Something of each kind of input, for there are none here.
void add_inputs(Publication& publication) {
  FeedStatus feed;
  feed.name = "archives";
  feed.kind = FeedKind::Archive;
  feed.state = FeedState::Live;
  feed.blind = false;
  feed.last_message = publication.time;
  feed.peers = {{.asn = Asn{3333}, .address = *IpAddress::parse("192.0.2.1"), .routes = 4}};
  publication.feeds = {feed};
  ProbeStatus probe;
  probe.name = "tokyo-1";
  probe.group = Asn{2497};
  probe.address = *IpAddress::parse("198.51.100.7");
  probe.up = true;
  probe.last_result = publication.time;
  probe.results = {{"completed", 60}};
  publication.probes = {probe};
  publication.tables = {
      {"pfx2as", "sha256:0123456789ab", publication.time - std::chrono::hours{24}, 700'000}};
  publication.queues = {{"record", 0, 64}};
}

/// Runs archives through a detector of its own, into a history.
class Replay {
 public:
  Replay(const std::string& folder, Asn target, Asn known)
      : detector_{{watched(target, known)}, DetectorSettings{}},
        history_{need(open_sqlite_history(folder))} {}

  /// Reads what lies behind what was read before; gives what is known then.
  Publication read(const std::vector<std::string>& files) {
    std::vector<std::unique_ptr<RouteSource>> sources;
    for (const std::string& file : files) {
      sources.push_back(
          need(open_mrt(file, {.source = {}, .detail = Detail::Paths, .wanted = {}})));
    }
    MergedSource merged{std::move(sources)};
    Publication publication;
    const TimePoint before = now_;
    while (const Route* const route = merged.next()) {
      if (route->time <= before) {
        continue;
      }
      detector_.observe(*route);
      if (route->time - now_ >= std::chrono::seconds{1}) {
        now_ = route->time;
        detector_.advance(now_);
        keep(publication);
      }
    }
    detector_.finish(now_);
    keep(publication);
    store();
    publication.time = now_;
    publication.targets = detector_.status(now_);
    publication.counters = detector_.counters();
    add_inputs(publication);
    return publication;
  }

 private:
  static Target watched(Asn target, Asn known) {
    Target watched;
    watched.name = target.to_string();
    watched.origins = {target};
    watched.known_upstreams = {known};
    return watched;
  }

  void keep(Publication& publication) {
    Findings findings = detector_.take_findings();
    publication.events.insert(publication.events.end(), findings.events.begin(),
                              findings.events.end());
    const auto append = [](auto& to, auto& from) {
      std::move(from.begin(), from.end(), std::back_inserter(to));
    };
    append(batch_.events, findings.events);
    append(batch_.intervals, findings.intervals);
    append(batch_.observations, findings.observations);
    if (batch_.intervals.size() + batch_.observations.size() > 4096) {
      store();
    }
  }

  void store() {
    batch_.progress = now_;
    if (const auto stored = history_->store(std::exchange(batch_, {})); !stored) {
      give_up(stored.error());
    }
  }

  Detector detector_;
  HistoryBatch batch_;
  std::unique_ptr<History> history_;
  TimePoint now_;
};

AsDescription describe(Asn asn) {
  if (asn == Asn{4837}) {
    return {"CHINA169-BACKBONE CHINA UNICOM", "CN", "delegated"};
  }
  return asn == Asn{20485} ? AsDescription{"TRANSTELECOM", "RU", "delegated"} : AsDescription{};
}

AlertSettings alert_settings() {
  AlertSettings settings;
  settings.external_url = "https://isthmus.example";
  if (const std::string url = setting("ALERTMANAGER"); !url.empty()) {
    settings.receivers.push_back(
        {.kind = AlertReceiver::Kind::Alertmanager, .name = "alertmanager", .url = url});
  }
  if (const std::string url = setting("WEBHOOK"); !url.empty()) {
    settings.receivers.push_back({.kind = AlertReceiver::Kind::Webhook,
                                  .name = "webhook",
                                  .url = url,
                                  .minimum_severity = Severity::Notice,
                                  .secret_file = setting("SECRET")});
  }
  if (!setting("QUICK").empty()) {
    settings.timing.first_retry = std::chrono::milliseconds{50};
    settings.timing.longest_retry = std::chrono::milliseconds{400};
    settings.timing.resend = std::chrono::seconds{1};
    settings.timing.least_firing = std::chrono::seconds{2};
  }
  return settings;
}

void tell(Publisher& publisher, const std::string& folder, const std::string& type) {
  const auto history = need(open_sqlite_history_to_read(folder));
  Publication publication;
  const auto read = history->events({}, [&](const Event& event) {
    if (type == "all" || to_string(event.type) == type) {
      publication.events.push_back(event);
    }
    return true;
  });
  if (!read) {
    give_up(read.error());
  }
  const std::size_t count = publication.events.size();
  publisher.publish(std::move(publication));
  std::cout << "told " << count << std::endl;
}

PublisherOptions publisher_options(const std::string& folder) {
  PublisherOptions options;
  options.history_folder = folder;
  options.web_config_file = setting("WEB_CONFIG");
  options.alerts = alert_settings();
  options.build = {"0.1.0", "fixture"};
  options.configuration = [] { return std::string{"# a fixture has none\n"}; };
  options.describe = describe;
  options.now = [] { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); };
  return options;
}

int serve(const std::string& folder, Replay& replay, Publication first) {
  net::io_context io;
  const auto publisher = need(Publisher::open(io.get_executor(), publisher_options(folder)));
  publisher->publish(first);
  first.events.clear();
  HttpServerOptions options;
  const std::string listen = setting("ISTHMUS_LISTEN");
  options.listen = {need(ListenAddress::parse(listen.empty() ? "127.0.0.1:0" : listen))};
  options.tls = need(publisher->tls());
  HttpServer server{io.get_executor(), std::move(options), publisher->site().handler()};
  if (const auto listening = server.listen(); !listening) {
    give_up(listening.error());
  }
  std::cout << "port " << server.ports().front() << std::endl;
  net::co_spawn(io, server.run(), net::detached);
  net::co_spawn(io, publisher->run([&](TlsContext context) { server.use_tls(std::move(context)); }),
                net::detached);
  std::thread commands{[&] {
    for (std::string line; std::getline(std::cin, line) && line != "quit";) {
      net::post(io, [&, line] {
        if (line.starts_with("tell ")) {
          tell(*publisher, folder, line.substr(5));
        } else if (line == "snapshot") {
          publisher->publish(first);
          std::cout << "snapshot published" << std::endl;
        } else if (line.starts_with("load ")) {
          std::istringstream words{line.substr(5)};
          first = replay.read({std::istream_iterator<std::string>{words}, {}});
          publisher->publish(first);
          std::cout << "loaded " << std::exchange(first.events, {}).size() << std::endl;
        }
      });
    }
    net::post(io, [&] {
      publisher->stop();
      server.stop(std::chrono::seconds{1});
    });
  }};
  io.run();
  commands.join();
  return 0;
}

}  // namespace
}  // namespace isthmus::collector

int main(int argc, char** argv) {
  using namespace isthmus;
  if (argc < 4) {
    std::cerr << "publish_fixture HISTORY TARGET_ASN KNOWN_ASN [FILE...]\n";
    return 2;
  }
  const std::string folder = argv[1];
  const std::optional<Asn> target = Asn::parse(argv[2]);
  const std::optional<Asn> known = Asn::parse(argv[3]);
  if (!target || !known) {
    std::cerr << "no AS number\n";
    return 2;
  }
  collector::Replay replay{folder, *target, *known};
  collector::Publication first = replay.read({argv + 4, argv + argc});
  if (std::getenv("TELL_FIRST") == nullptr) {
    first.events.clear();
  }
  return collector::serve(folder, replay, std::move(first));
}
