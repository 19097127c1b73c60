#include "collector/daemon/live_feeds.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <utility>

#include "collector/feed/archive_follower.hpp"
#include "collector/feed/bmp_listener.hpp"
#include "collector/feed/ris_live_client.hpp"
#include "core/runtime/log.hpp"

namespace isthmus::collector {
namespace {

constexpr std::chrono::seconds kTick{1};
constexpr Duration kSaveEvery = std::chrono::seconds{60};

Result<std::string> read_pem(const std::string& path) {
  if (path.empty()) {
    return std::string{};
  }
  std::ifstream file{path, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (!file) {
    return fail(path + ": cannot be read");
  }
  return text;
}

Result<TlsContext> client_tls(const FeedSettings& settings) {
  auto authorities = read_pem(settings.ca_file);
  if (!authorities) {
    return unexpected{authorities.error()};
  }
  TlsClientOptions options;
  options.authorities_pem = std::move(*authorities);
  options.minimum = TlsVersion::Tls12;
  return TlsContext::client(std::move(options));
}

Result<std::optional<TlsContext>> bmp_tls(const BmpSettings& settings) {
  if (settings.certificate_file.empty()) {
    return std::optional<TlsContext>{};
  }
  auto certificate = read_pem(settings.certificate_file);
  auto key = read_pem(settings.key_file);
  auto authorities = read_pem(settings.client_ca_file);
  for (const auto* const each : {&certificate, &key, &authorities}) {
    if (!*each) {
      return unexpected{each->error()};
    }
  }
  TlsServerOptions options;
  options.certificate_pem = std::move(*certificate);
  options.private_key_pem = std::move(*key);
  if (!authorities->empty()) {
    options.client_certificates = ClientCertificates::Required;
    options.client_authorities_pem = std::move(*authorities);
  }
  // Routers are not as young as we are.
  options.minimum = TlsVersion::Tls12;
  auto context = TlsContext::server(std::move(options));
  if (!context) {
    return fail("feeds.bmp: " + context.error().message);
  }
  return std::optional{std::move(*context)};
}

std::vector<Asn> origins_of(const std::vector<Target>& targets) {
  std::vector<Asn> origins;
  for (const Target& target : targets) {
    origins.insert(origins.end(), target.origins.begin(), target.origins.end());
  }
  return origins;
}

WatchFilter filter_of(const std::vector<Target>& targets) {
  std::vector<Prefix> prefixes;
  for (const Target& target : targets) {
    prefixes.insert(prefixes.end(), target.prefixes.begin(), target.prefixes.end());
  }
  return {prefixes, origins_of(targets)};
}

/// Empty, all prefixes, where a target's are not known beforehand.
PrefixFilter prefixes_of(const std::vector<Target>& targets) {
  for (const Target& target : targets) {
    if (target.prefixes.empty()) {
      return {};
    }
  }
  return [filter = filter_of(targets)](const Prefix& prefix) { return filter.matches(prefix); };
}

LiveRib::Options rib_options(const FeedSettings& settings, const std::vector<Target>& targets) {
  // Of watched networks there are not more, whatever a router says.
  constexpr std::size_t kWatchedRoutes = 1'000'000;
  constexpr std::size_t kWatchedBytes = std::size_t{1} << 30;
  LiveRib::Options options;
  options.watch = filter_of(targets);
  options.keep_all = settings.keep_all;
  options.hold = settings.hold;
  options.rib.seed = std::random_device{}();
  if (!settings.keep_all) {
    options.rib.limits.routes_per_peer = kWatchedRoutes;
    options.rib.limits.bytes = kWatchedBytes;
  }
  return options;
}

ArchiveSource source_of(const FollowSettings& follow) {
  ArchiveSource source;
  source.location = follow.location;
  source.collector = follow.collector;
  const auto named = ArchiveLayout::named(follow.layout.front());
  source.layout = named ? *named : ArchiveLayout{follow.layout};
  source.plan.with_table = follow.table;
  source.plan.look_back = follow.look_back;
  source.interval = follow.interval;
  return source;
}

/// Watched otherwise: names alone do not count.
bool same_networks(const std::vector<Target>& left, const std::vector<Target>& right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const Target& one, const Target& other) {
                      return one.origins == other.origins && one.prefixes == other.prefixes;
                    });
}

}  // namespace

LiveFeeds::LiveFeeds(const net::any_io_executor& executor, FeedSettings settings,
                     const std::vector<Target>& targets, RouteSink& sink, Options options)
    : executor_{executor},
      settings_{std::move(settings)},
      targets_{targets},
      options_{std::move(options)},
      rib_{rib_options(settings_, targets)},
      outlet_{rib_, sink},
      archive_sink_{sink},
      timer_{executor} {}

LiveFeeds::~LiveFeeds() = default;

Result<void> LiveFeeds::open_bmp(const FeedSettings& settings, const std::vector<Target>& targets) {
  if (settings.bmp.listen.empty()) {
    return {};
  }
  BmpListener::Options options;
  for (const std::string& text : settings.bmp.listen) {
    auto listen = ListenAddress::parse(text);
    if (!listen) {
      return unexpected{listen.error()};
    }
    options.listen.push_back(*listen);
  }
  for (const BmpRouterSettings& router : settings.bmp.routers) {
    for (const Prefix& from : router.from) {
      options.routers.push_back({router.name, from});
    }
  }
  auto tls = bmp_tls(settings.bmp);
  if (!tls) {
    return unexpected{tls.error()};
  }
  options.tls = std::move(*tls);
  options.origins = origins_of(targets);
  options.max_connections = static_cast<std::size_t>(settings.bmp.max_connections);
  auto listener = std::make_unique<BmpListener>(executor_, std::move(options), outlet_);
  if (auto started = listener->start(); !started) {
    return started;
  }
  for (const std::uint16_t port : listener->ports()) {
    log_info("routers are awaited", {{"port", port}});
  }
  bmp_ = std::move(listener);
  return {};
}

Result<void> LiveFeeds::open_ris_live(const FeedSettings& settings,
                                      const std::vector<Target>& targets) {
  if (settings.ris_live.url.empty()) {
    return {};
  }
  const auto url = Url::parse(settings.ris_live.url);
  if (!url) {
    return unexpected{url.error()};
  }
  auto authorities = read_pem(settings.ca_file);
  if (!authorities) {
    return unexpected{authorities.error()};
  }
  RisLiveClient::Options options;
  options.host = url->host;
  options.port = std::to_string(url->port);
  options.target = url->target;
  options.use_tls = url->scheme == "wss";
  options.authorities_pem = std::move(*authorities);
  options.hosts = settings.ris_live.collectors;
  auto client =
      std::make_unique<RisLiveClient>(executor_, std::move(options), outlet_, filter_of(targets));
  if (auto started = client->start(); !started) {
    return started;
  }
  ris_live_ = std::move(client);
  return {};
}

Result<void> LiveFeeds::open_archives(const FeedSettings& settings,
                                      const std::vector<Target>& targets) {
  if (settings.follow.empty()) {
    return {};
  }
  auto tls = client_tls(settings);
  if (!tls) {
    return unexpected{tls.error()};
  }
  ArchiveFollowerOptions options;
  for (const FollowSettings& follow : settings.follow) {
    options.sources.push_back(source_of(follow));
  }
  options.folder = options_.folder + "/archives";
  options.wanted = prefixes_of(targets);
  options.tls = std::move(*tls);
  auto follower = std::make_unique<ArchiveFollower>(executor_, std::move(options), archive_sink_);
  if (auto started = follower->start(); !started) {
    return started;
  }
  archives_ = std::move(follower);
  return {};
}

Result<void> LiveFeeds::open_caches(const FeedSettings& settings) {
  std::vector<std::unique_ptr<RtrClient>> caches;
  for (const std::string& text : settings.rtr) {
    auto url = Url::parse(text);
    if (!url) {
      return unexpected{url.error()};
    }
    RtrClient::Options options;
    options.server = std::move(*url);
    options.changed = options_.vrps_changed;
    if (options.server.scheme == "tls") {
      auto tls = client_tls(settings);
      if (!tls) {
        return unexpected{tls.error()};
      }
      options.tls = std::move(*tls);
    }
    caches.push_back(std::make_unique<RtrClient>(executor_, std::move(options)));
  }
  caches_ = std::move(caches);
  for (const auto& cache : caches_) {
    cache->start();
  }
  return {};
}

Result<void> LiveFeeds::open(const FeedSettings& settings, const std::vector<Target>& targets,
                             const Parts& parts) {
  Result<void> done;
  if (parts.bmp) {
    done = open_bmp(settings, targets);
  }
  if (done && parts.ris_live) {
    done = open_ris_live(settings, targets);
  }
  if (done && parts.archives) {
    done = open_archives(settings, targets);
  }
  if (done && parts.caches) {
    done = open_caches(settings);
  }
  return done;
}

void LiveFeeds::close(const Parts& parts) {
  const auto close_one = [](bool is_chosen, std::unique_ptr<LiveFeed>& feed) {
    if (is_chosen && feed) {
      feed->stop();
      feed.reset();
    }
  };
  close_one(parts.bmp, bmp_);
  close_one(parts.ris_live, ris_live_);
  close_one(parts.archives, archives_);
  if (parts.caches) {
    caches_.clear();
  }
}

Result<void> LiveFeeds::start() {
  if (!options_.folder.empty() && (settings_.any() || !settings_.rtr.empty())) {
    std::error_code error;
    std::filesystem::create_directories(options_.folder, error);
    if (error) {
      return fail(options_.folder + ": " + error.message());
    }
  }
  restore();
  return open(settings_, targets_, {});
}

void LiveFeeds::restore() {
  if (options_.folder.empty()) {
    return;
  }
  const auto restored = rib_.restore(options_.folder + "/rib.state", options_.now(), restored_);
  if (!restored) {
    log_warn("the routes that were saved cannot be used", {{"error", restored.error().message}});
  } else if (*restored > 0) {
    log_info("routes from before are held until their feeds are back", {{"routes", *restored}});
  }
}

void LiveFeeds::save() const {
  if (options_.folder.empty() || !settings_.any()) {
    return;
  }
  if (auto saved = rib_.save(options_.folder + "/rib.state", options_.now()); !saved) {
    log_error("the routes of the live feeds cannot be saved", {{"error", saved.error().message}});
  }
}

Task<> LiveFeeds::run() {
  co_await outlet_.push(restored_);
  RouteBatch changes;
  TimePoint next_save = options_.now() + kSaveEvery;
  while (!is_stopped_) {
    timer_.expires_after(kTick);
    const auto [ignored] = co_await timer_.async_wait(kAsTuple);
    static_cast<void>(ignored);
    if (is_stopped_) {
      break;
    }
    const TimePoint now = options_.now();
    rib_.tick(now, changes);
    co_await outlet_.push(changes);
    if (now >= next_save) {
      next_save = now + kSaveEvery;
      save();
    }
  }
}

Task<Result<void>> LiveFeeds::use(FeedSettings settings, std::vector<Target> targets) {
  const bool same_watch = same_networks(targets, targets_);
  const bool same_trust = settings.ca_file == settings_.ca_file;
  const Parts changed{
      .bmp = settings.bmp != settings_.bmp || !same_watch,
      .ris_live = settings.ris_live != settings_.ris_live || !same_watch || !same_trust,
      .archives = settings.follow != settings_.follow || !same_watch || !same_trust,
      .caches = settings.rtr != settings_.rtr || !same_trust};
  if (settings.keep_all != settings_.keep_all || settings.hold != settings_.hold) {
    log_warn("feeds.keep_all and feeds.hold count after a restart");
    settings.keep_all = settings_.keep_all;
    settings.hold = settings_.hold;
  }
  close(changed);
  auto opened = open(settings, targets, changed);
  if (!opened) {
    close(changed);
    if (auto again = open(settings_, targets_, changed); !again) {
      log_error("a feed cannot be taken up again", {{"error", again.error().message}});
    }
    co_return opened;
  }
  settings_ = std::move(settings);
  targets_ = std::move(targets);
  if (changed.caches) {
    options_.vrps_changed();
  }
  if (!same_watch) {
    RouteBatch known;
    rib_.watch(filter_of(targets_), options_.now(), known);
    co_await outlet_.push(known);
  }
  co_return Result<void>{};
}

Task<> LiveFeeds::stop(std::chrono::nanoseconds limit) {
  is_stopped_ = true;
  timer_.cancel();
  const Parts all;
  close(all);
  const bool is_settled = co_await outlet_.settle(limit);
  if (!is_settled) {
    log_warn("the last routes of the live feeds were not taken up");
  }
  outlet_.close();
  save();
}

std::vector<FeedStatus> LiveFeeds::status(TimePoint now) const {
  std::vector<FeedStatus> list;
  for (const auto* const feed : {&bmp_, &ris_live_, &archives_}) {
    if (*feed) {
      auto some = (*feed)->status(now);
      std::move(some.begin(), some.end(), std::back_inserter(list));
    }
  }
  for (const auto& cache : caches_) {
    list.push_back(cache->status());
  }
  return list;
}

std::shared_ptr<const VrpTable> LiveFeeds::vrps() const {
  for (const auto& cache : caches_) {
    if (cache->table()) {
      return cache->table();
    }
  }
  return nullptr;
}

}  // namespace isthmus::collector
