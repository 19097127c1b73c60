#include "collector/feed/ris_live_client.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include "collector/feed/ris_live_decoder.hpp"
#include "collector/feed/silence_watch.hpp"
#include "core/runtime/log.hpp"

namespace isthmus::collector {
namespace {

namespace beast = boost::beast;
namespace websocket = beast::websocket;
using Plain = websocket::stream<beast::tcp_stream>;
using Secure = websocket::stream<beast::ssl_stream<beast::tcp_stream>>;

/// The longest message of RIS Live holds one extended UPDATE as text.
constexpr std::size_t kMaxMessage = std::size_t{1} << 20;

TimePoint now_utc() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

}  // namespace

std::vector<std::string> ris_live_subscriptions(const WatchFilter& watch,
                                                const std::vector<std::string>& hosts) {
  std::vector<std::string> messages;
  const auto subscribe = [&](const std::string& what) {
    const auto add = [&](const std::string& where) {
      messages.push_back(R"({"type":"ris_subscribe","data":{)" + where + what +
                         R"("socketOptions":{"includeRaw":false,"acknowledge":true}}})");
    };
    if (hosts.empty()) {
      add({});
    }
    for (const std::string& host : hosts) {
      add("\"host\":\"" + host + "\",");
    }
  };
  for (const auto& [prefix, ignored] : watch.prefixes()) {
    subscribe("\"type\":\"UPDATE\",\"prefix\":\"" + prefix.to_string() +
              "\",\"moreSpecific\":true,\"lessSpecific\":false,");
  }
  std::vector<Asn> asns{watch.asns().begin(), watch.asns().end()};
  std::sort(asns.begin(), asns.end());
  for (const Asn asn : asns) {
    subscribe("\"type\":\"UPDATE\",\"path\":\"" + std::to_string(asn.value) + "\",");
  }
  subscribe("\"type\":\"RIS_PEER_STATE\",");
  return messages;
}

struct RisLiveClient::Impl {
  Impl(const net::any_io_executor& on, Options given, FeedOutlet& out, WatchFilter filter)
      : executor{on},
        options{std::move(given)},
        outlet{out},
        watch{std::move(filter)},
        prefilter{watch},
        tls{net::ssl::context::tls_client},
        pause{on},
        resolver{on} {}

  static Task<> run(std::shared_ptr<Impl> self);
  Task<std::string> run_once();
  template <typename Stream>
  Task<std::string> talk(Stream& stream);
  template <typename Stream>
  Task<ErrorCode> subscribe(Stream& stream);
  void take(std::string_view text, TimePoint now);
  void note_lost(std::string why);
  void count(const std::string& reason) { ++counters.skipped[reason]; }

  net::any_io_executor executor;
  Options options;
  FeedOutlet& outlet;
  WatchFilter watch;
  RisLivePrefilter prefilter;
  RisLiveDecoder decoder;
  net::ssl::context tls;
  net::steady_timer pause;
  net::ip::tcp::resolver resolver;
  std::function<void()> close;  ///< ends the connection that stands
  RouteBatch changes;
  FeedState state = FeedState::Waiting;
  std::string detail;
  FeedCounters counters;
  SilenceWatch silence;
  Duration lag{};
  std::optional<TimePoint> gap_from;  ///< what was said since then we have not heard
  std::string last_gap;
  struct Peer {
    TimePoint last;
    Duration lag{};
  };
  std::map<std::shared_ptr<const VantagePoint>, Peer> peers;
  std::set<std::string> sources;
  bool is_stopped = false;
};

void RisLiveClient::Impl::note_lost(std::string why) {
  const bool was_connected = state == FeedState::CatchingUp || state == FeedState::Live;
  if (was_connected) {
    gap_from = silence.last();
    for (const std::string& source : sources) {
      outlet.rib().lost(source, now_utc());
    }
  }
  state = is_stopped                                  ? FeedState::Stopped
          : was_connected || state == FeedState::Lost ? FeedState::Lost
          : state == FeedState::Refused               ? FeedState::Refused
                                                      : FeedState::Waiting;
  detail = std::move(why);
}

/// One message.
void RisLiveClient::Impl::take(std::string_view text, TimePoint now) {
  ++counters.messages;
  counters.bytes += text.size();
  silence.heard(now);
  if (lag > options.shed_lag && !prefilter.may_match(text)) {
    count("shed");
    // Looked at now and then, to see whether we have caught up.
    constexpr std::uint64_t kLookAt = 256;
    if (counters.skipped["shed"] % kLookAt != 0) {
      return;
    }
  }
  if (gap_from) {
    ++counters.gaps;
    last_gap = "nothing was heard from " + format_utc(*gap_from) + " to " + format_utc(now);
    log_warn("RIS Live is back, and does not repeat what was missed", {{"gap", last_gap}});
    gap_from.reset();
    for (const std::string& source : sources) {
      outlet.rib().regained(source);
    }
  }
  const RisLiveDecoder::Emit emit = [this](const Route& route,
                                           const std::shared_ptr<const VantagePoint>& vantage) {
    counters.elements += route.kind <= RouteKind::Withdraw ? 1U : 0U;
    outlet.rib().take(route, vantage, true, changes);
  };
  const RisLiveDecoder::Kind kind = decoder.decode(text, now, emit);
  switch (kind) {
    case RisLiveDecoder::Kind::Update:
    case RisLiveDecoder::Kind::PeerState: {
      state = FeedState::Live;
      detail.clear();
      const auto& vantage = decoder.last_vantage();
      Peer& peer = peers[vantage];
      peer.last = now;
      if (decoder.last_timestamp()) {
        lag = peer.lag = now - *decoder.last_timestamp();
      }
      if (sources.insert(vantage->source).second) {
        outlet.rib().regained(vantage->source);  // what was saved before a restart
      }
      break;
    }
    case RisLiveDecoder::Kind::Malformed:
      count("malformed");
      break;
    case RisLiveDecoder::Kind::Refused:
      count("server_error");
      detail = "the server says: " + std::string{decoder.error()};
      log_warn("RIS Live reports an error", {{"error", decoder.error()}});
      break;
    case RisLiveDecoder::Kind::Pong:
    case RisLiveDecoder::Kind::Other:
      break;
  }
}

template <typename Stream>
Task<ErrorCode> RisLiveClient::Impl::subscribe(Stream& stream) {
  for (const std::string& message : ris_live_subscriptions(watch, options.hosts)) {
    const auto buffer = net::buffer(message);
    const auto [error, count] = co_await stream.async_write(buffer, kAsTuple);
    if (error) {
      co_return error;
    }
  }
  co_return ErrorCode{};
}

/// From the WebSocket handshake to the end; returns why it ended.
template <typename Stream>
Task<std::string> RisLiveClient::Impl::talk(Stream& stream) {
  beast::get_lowest_layer(stream).expires_never();
  websocket::stream_base::timeout limits{options.connect_time, options.idle_time, true};
  stream.set_option(limits);
  stream.read_message_max(kMaxMessage);
  const auto [refused] = co_await stream.async_handshake(options.host, options.target, kAsTuple);
  if (refused) {
    state = FeedState::Refused;
    co_return "the WebSocket was refused: " + refused.message();
  }
  if (const ErrorCode error = co_await subscribe(stream)) {
    co_return "the subscription could not be sent: " + error.message();
  }
  ++counters.connections;
  state = FeedState::CatchingUp;
  detail = "connected; nothing has been heard yet";
  log_info("RIS Live is connected", {{"host", options.host}});
  beast::flat_buffer buffer;
  while (!is_stopped) {
    const auto [error, count_read] = co_await stream.async_read(buffer, kAsTuple);
    if (error) {
      co_return error.message();
    }
    buffer.prepare(RisLiveDecoder::kPadding);
    const auto bytes = buffer.cdata();
    take({static_cast<const char*>(bytes.data()), bytes.size()}, now_utc());
    buffer.consume(buffer.size());
    co_await outlet.push(changes);
  }
  co_return "the collector stops";
}

Task<std::string> RisLiveClient::Impl::run_once() {
  const auto [unknown, addresses] =
      co_await resolver.async_resolve(options.host, options.port, kAsTuple);
  if (unknown) {
    co_return options.host + " cannot be found: " + unknown.message();
  }
  if (options.use_tls) {
    auto stream = std::make_shared<Secure>(executor, tls);
    close = [stream] { beast::get_lowest_layer(*stream).close(); };
    auto& lowest = beast::get_lowest_layer(*stream);
    lowest.expires_after(options.connect_time);
    const auto [error, endpoint] = co_await lowest.async_connect(addresses, kAsTuple);
    if (error) {
      co_return "no connection: " + error.message();
    }
    auto& secure = stream->next_layer();
    // What SSL_set_tlsext_host_name is a macro for.
    SSL_ctrl(secure.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             options.host.data());
    secure.set_verify_callback(net::ssl::host_name_verification{options.host});
    const auto [untrusted] =
        co_await secure.async_handshake(net::ssl::stream_base::client, kAsTuple);
    if (untrusted) {
      co_return "TLS failed: " + untrusted.message();
    }
    co_return co_await talk(*stream);
  }
  auto stream = std::make_shared<Plain>(executor);
  close = [stream] { beast::get_lowest_layer(*stream).close(); };
  auto& lowest = beast::get_lowest_layer(*stream);
  lowest.expires_after(options.connect_time);
  const auto [error, endpoint] = co_await lowest.async_connect(addresses, kAsTuple);
  if (error) {
    co_return "no connection: " + error.message();
  }
  co_return co_await talk(*stream);
}

Task<> RisLiveClient::Impl::run(std::shared_ptr<Impl> self) {
  std::minstd_rand random{std::random_device{}()};
  std::chrono::milliseconds wait = self->options.first_retry;
  while (!self->is_stopped) {
    const std::uint64_t heard = self->counters.messages;
    std::string why = co_await self->run_once();
    self->close = nullptr;
    self->note_lost(why);
    if (self->is_stopped) {
      break;
    }
    wait = self->counters.messages > heard ? self->options.first_retry
                                           : std::min(2 * wait, self->options.longest_retry);
    log_warn("RIS Live is not connected; trying again",
             {{"reason", why}, {"wait_ms", wait.count()}});
    // Not all clients at once.
    const auto share = std::uniform_real_distribution<double>{0.5, 1.0}(random);
    self->pause.expires_after(std::chrono::duration_cast<std::chrono::milliseconds>(wait * share));
    const auto [ignored] = co_await self->pause.async_wait(kAsTuple);
    static_cast<void>(ignored);
  }
}

RisLiveClient::RisLiveClient(const net::any_io_executor& executor, Options options,
                             FeedOutlet& outlet, WatchFilter watch)
    : impl_{std::make_shared<Impl>(executor, std::move(options), outlet, std::move(watch))} {}

RisLiveClient::~RisLiveClient() {
  stop();
}

Result<void> RisLiveClient::start() {
  if (impl_->options.use_tls) {
    ErrorCode error;
    impl_->tls.set_verify_mode(net::ssl::verify_peer, error);
    if (impl_->options.authorities_pem.empty()) {
      impl_->tls.set_default_verify_paths(error);
    } else {
      impl_->tls.add_certificate_authority(net::buffer(impl_->options.authorities_pem), error);
    }
    if (error) {
      return fail("feeds.ris_live: the authorities cannot be used: " + error.message());
    }
  }
  net::co_spawn(impl_->executor, Impl::run(impl_), net::detached);
  return {};
}

void RisLiveClient::stop() {
  impl_->is_stopped = true;
  impl_->pause.cancel();
  impl_->resolver.cancel();
  if (impl_->close) {
    impl_->close();
  }
}

std::vector<FeedStatus> RisLiveClient::status(TimePoint now) const {
  const bool is_silent = impl_->silence.is_silent(now);
  FeedStatus status;
  status.name = "ris-live";
  status.kind = FeedKind::RisLive;
  status.state = impl_->state;
  status.detail = !impl_->detail.empty() ? impl_->detail
                  : is_silent            ? "silent for longer than it ever was"
                                         : impl_->last_gap;
  status.counters = impl_->counters;
  status.last_message = impl_->silence.last();
  status.lag = impl_->lag;
  status.blind = status.state != FeedState::Live || is_silent;
  for (const auto& [vantage, peer] : impl_->peers) {
    FeedPeerStatus each;
    each.asn = vantage->asn;
    each.address = vantage->address;
    each.state = status.state == FeedState::Live ? PeerState::Up : PeerState::Stale;
    each.last_message = peer.last;
    each.lag = peer.lag;
    each.routes = impl_->outlet.rib().routes_of(*vantage);
    if (each.state == PeerState::Up && impl_->outlet.rib().is_stuck(*vantage, now)) {
      each.state = PeerState::Stuck;
    }
    status.peers.push_back(std::move(each));
  }
  return {std::move(status)};
}

}  // namespace isthmus::collector
