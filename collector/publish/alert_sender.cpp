#include "collector/publish/alert_sender.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "collector/publish/alert_message.hpp"
#include "core/runtime/http_client.hpp"
#include "core/runtime/log.hpp"
#include "core/runtime/tls.hpp"

namespace isthmus::collector {
namespace {

/// What an attempt came to.
struct Attempt {
  bool good = false;
  bool hopeless = false;  ///< the receiver will never take this one
  std::string error;
};

/// Statuses with which a receiver says that the message itself is wrong. All others may pass: a
/// wrong password is mended, a missing path is put back.
bool is_hopeless(unsigned status) {
  constexpr std::array kHopeless{400U, 413U, 415U, 422U};
  return std::find(kHopeless.begin(), kHopeless.end(), status) != kHopeless.end();
}

Attempt judge(const Result<HttpReply>& reply) {
  if (!reply) {
    return {.error = reply.error().message};
  }
  if (reply->status >= 200 && reply->status < 300) {
    return {.good = true};
  }
  constexpr std::size_t kShown = 200;
  return {
      .hopeless = is_hopeless(reply->status),
      .error = "status " + std::to_string(reply->status) + ": " + reply->body.substr(0, kShown)};
}

/// A secret from a file, without the line feed at its end.
Result<std::string> read_secret(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
    text.pop_back();
  }
  if (!file || text.empty()) {
    return fail(path + ": holds no secret, or cannot be read");
  }
  return text;
}

Result<std::string> read_optional_secret(const std::string& path) {
  return path.empty() ? Result<std::string>{std::string{}} : read_secret(path);
}

/// The path of a URL with another path behind it.
std::string join_path(std::string_view first, std::string_view second) {
  while (first.ends_with('/')) {
    first.remove_suffix(1);
  }
  return std::string{first} + std::string{second};
}

}  // namespace

/// One receiver and what is known of it.
struct Channel {
  AlertReceiver receiver;
  Url url;
  std::string secret;
  std::string token;
  std::unique_ptr<HttpClient> client;
  net::steady_timer wake;
  Duration pause{};     ///< until the next attempt after a failure; 0 while all is well
  TimePoint resend_at;  ///< Alertmanager: when all that stands is told again
};

struct AlertSender::Impl {
  Impl(net::any_io_executor io, AlertSettings given, SelfMetrics& counters, Clock now_from,
       AlertQueue opened)
      : executor{std::move(io)},
        settings{std::move(given)},
        metrics{counters},
        clock{std::move(now_from)},
        queue{std::move(opened)} {}

  Result<void> add(const AlertReceiver& receiver);
  Task<> serve(Channel& channel);
  Task<bool> step(Channel& channel);
  Task<Attempt> send(Channel& channel, const Delivery& delivery);
  Task<Attempt> post(Channel& channel, std::string target, std::string body, HttpFields headers);
  Task<void> resend(Channel& channel);
  void settle(Channel& channel, const Delivery& delivery, const Attempt& attempt);
  void show(Channel& channel);
  [[nodiscard]] Duration pause_of(Channel& channel);
  void complain(const Channel& channel, const Error& error) const {
    log_error("the queue of alerts cannot be used",
              {{"receiver", channel.receiver.name}, {"error", error.message}});
  }

  net::any_io_executor executor;
  AlertSettings settings;
  SelfMetrics& metrics;
  Clock clock;
  AlertQueue queue;
  std::vector<std::unique_ptr<Channel>> channels;
  bool stopping = false;
};

Result<void> AlertSender::Impl::add(const AlertReceiver& receiver) {
  auto url = Url::parse(receiver.url);
  auto secret = read_optional_secret(receiver.secret_file);
  auto token = read_optional_secret(receiver.bearer_token_file);
  if (!url || !secret || !token) {
    const Error& error = !url ? url.error() : !secret ? secret.error() : token.error();
    return unexpected{error.within("receiver " + receiver.name)};
  }
  HttpClientOptions options;
  options.server = *url;
  options.user_agent = "isthmus-collector";
  options.body_bytes = std::size_t{1} << 20;
  if (!receiver.ca_file.empty()) {
    auto authorities = read_secret(receiver.ca_file);
    if (!authorities) {
      return unexpected{authorities.error()};
    }
    TlsClientOptions tls;
    tls.authorities_pem = std::move(*authorities);
    tls.minimum = TlsVersion::Tls12;
    auto context = TlsContext::client(std::move(tls));
    if (!context) {
      return unexpected{context.error().within(receiver.ca_file)};
    }
    options.tls = std::move(*context);
  }
  auto client = std::make_unique<HttpClient>(executor, std::move(options));
  channels.push_back(std::unique_ptr<Channel>{
      new Channel{receiver, std::move(*url), std::move(*secret), std::move(*token),
                  std::move(client), net::steady_timer{executor}, Duration{0}, TimePoint{}}});
  return {};
}

Task<Attempt> AlertSender::Impl::post(Channel& channel, std::string target, std::string body,
                                      HttpFields headers) {
  headers.set("Content-Type", "application/json");
  if (!channel.token.empty()) {
    headers.set("Authorization", "Bearer " + channel.token);
  }
  HttpCall call;
  call.method = "POST";
  call.target = std::move(target);
  call.headers = std::move(headers);
  call.body = std::move(body);
  const Result<HttpReply> reply =
      co_await channel.client->call(std::move(call), settings.timing.timeout);
  co_return judge(reply);
}

Task<Attempt> AlertSender::Impl::send(Channel& channel, const Delivery& delivery) {
  HttpFields headers;
  std::string body;
  std::string target = channel.url.target;
  if (channel.receiver.kind == AlertReceiver::Kind::Alertmanager) {
    Alert alert = delivery.alert;
    if (!delivery.resolved) {  // its end is told later, by a delivery of its own
      alert.ended.reset();
      alert.ended_by.reset();
    }
    body = alertmanager_body(std::span{&alert, 1}, settings.external_url);
    target = join_path(target, "/api/v2/alerts");
  } else {
    body = webhook_body(delivery, channel.receiver.name, settings.external_url);
    headers.set("X-Isthmus-Delivery", delivery_id(delivery));
    if (!channel.secret.empty()) {
      const auto seconds = std::chrono::floor<std::chrono::seconds>(clock()).time_since_epoch();
      const std::string timestamp = std::to_string(seconds.count());
      headers.set("X-Isthmus-Timestamp", timestamp);
      headers.set("X-Isthmus-Signature", webhook_signature(channel.secret, timestamp, body));
    }
  }
  co_return co_await post(channel, std::move(target), std::move(body), std::move(headers));
}

void AlertSender::Impl::settle(Channel& channel, const Delivery& delivery, const Attempt& attempt) {
  const std::string& name = channel.receiver.name;
  const TimePoint now = clock();
  Result<void> done;
  if (attempt.good) {
    channel.pause = Duration{0};
    metrics.count_delivery(name, "delivered");
    done = queue.delivered(delivery, name, now);
  } else if (attempt.hopeless || now - delivery.queued > settings.timing.give_up) {
    channel.pause = Duration{0};
    metrics.count_delivery(name, "refused");
    log_error("an alert was given up",
              {{"receiver", name}, {"delivery", delivery_id(delivery)}, {"error", attempt.error}});
    done = queue.refused(delivery, name, attempt.error);
  } else {
    channel.pause = channel.pause == Duration{0}
                        ? settings.timing.first_retry
                        : std::min(2 * channel.pause, settings.timing.longest_retry);
    metrics.count_delivery(name, "failed");
    log_warn("an alert could not be delivered and is tried again",
             {{"receiver", name},
              {"delivery", delivery_id(delivery)},
              {"attempts", delivery.attempts + 1},
              {"error", attempt.error}});
    done = queue.retry(delivery, attempt.error, now);
  }
  if (!done) {
    complain(channel, done.error());
    channel.pause = settings.timing.longest_retry;
  }
}

Task<> AlertSender::Impl::resend(Channel& channel) {
  const auto standing = queue.held_up(channel.receiver.name);
  channel.resend_at = clock() + settings.timing.resend;
  if (!standing) {
    complain(channel, standing.error());
    co_return;
  }
  if (standing->empty()) {
    co_return;
  }
  std::vector<Alert> alerts = *standing;
  for (Alert& alert : alerts) {
    alert.ended.reset();
    alert.ended_by.reset();
  }
  std::string body = alertmanager_body(alerts, settings.external_url);
  HttpFields headers;
  const Attempt attempt = co_await post(channel, join_path(channel.url.target, "/api/v2/alerts"),
                                        std::move(body), std::move(headers));
  if (!attempt.good) {
    log_warn("alerts that stand could not be told again",
             {{"receiver", channel.receiver.name}, {"error", attempt.error}});
  }
}

/// Does one thing that is due; false if nothing was.
Task<bool> AlertSender::Impl::step(Channel& channel) {
  const TimePoint now = clock();
  const auto delivery = queue.next(channel.receiver.name, now);
  if (!delivery) {
    complain(channel, delivery.error());
    channel.pause = settings.timing.longest_retry;
    co_return false;
  }
  if (*delivery) {
    const Attempt attempt = co_await send(channel, **delivery);
    settle(channel, **delivery, attempt);
    show(channel);
    co_return channel.pause == Duration{0};
  }
  if (channel.receiver.kind == AlertReceiver::Kind::Alertmanager && now >= channel.resend_at) {
    co_await resend(channel);
  }
  co_return false;
}

void AlertSender::Impl::show(Channel& channel) {
  if (const auto counts = queue.counts(channel.receiver.name)) {
    metrics.set_queue(channel.receiver.name, counts->waiting,
                      counts->oldest ? to_seconds(counts->oldest->time_since_epoch()) : 0);
  }
  if (const auto firing = queue.firing()) {
    metrics.set_alerts_firing(firing->size());
  }
}

/// How long to wait before the next step.
Duration AlertSender::Impl::pause_of(Channel& channel) {
  if (channel.pause > Duration{0}) {
    return channel.pause;
  }
  const TimePoint now = clock();
  TimePoint until = now + settings.timing.resend;
  if (channel.receiver.kind == AlertReceiver::Kind::Alertmanager) {
    until = std::min(until, channel.resend_at);
  }
  if (const auto due = queue.next_time(channel.receiver.name); due && *due) {
    until = std::min(until, **due);
  }
  return std::max(until - now, Duration{0});
}

Task<> AlertSender::Impl::serve(Channel& channel) {
  show(channel);
  while (!stopping) {
    if (const auto expired = queue.expire(clock()); !expired) {
      complain(channel, expired.error());
    }
    if (co_await step(channel)) {
      continue;
    }
    channel.wake.expires_after(pause_of(channel));
    co_await channel.wake.async_wait(kAsTuple);
  }
}

AlertSender::AlertSender(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
AlertSender::~AlertSender() = default;

Result<std::unique_ptr<AlertSender>> AlertSender::make(const net::any_io_executor& executor,
                                                       AlertSettings settings, SelfMetrics& metrics,
                                                       Clock clock) {
  auto queue = AlertQueue::open(settings.queue_file, settings.receivers, settings.timing);
  if (!queue) {
    return unexpected{queue.error()};
  }
  auto impl = std::make_unique<Impl>(executor, std::move(settings), metrics, std::move(clock),
                                     std::move(*queue));
  for (const AlertReceiver& receiver : impl->settings.receivers) {
    if (auto added = impl->add(receiver); !added) {
      return unexpected{added.error()};
    }
  }
  return std::unique_ptr<AlertSender>{new AlertSender{std::move(impl)}};
}

Result<void> AlertSender::accept(const std::vector<Event>& events) {
  if (auto done = impl_->queue.accept(events, impl_->clock()); !done) {
    return done;
  }
  for (const auto& channel : impl_->channels) {
    if (channel->pause == Duration{0}) {
      channel->wake.cancel();
    }
  }
  return {};
}

Task<> AlertSender::run() {
  // Ends only when every channel has ended, even when it is cancelled: they use what is ours.
  co_await net::this_coro::throw_if_cancelled(false);
  net::steady_timer all_done{impl_->executor, net::steady_timer::time_point::max()};
  std::size_t running = impl_->channels.size();
  std::exception_ptr failure;
  const auto ended = [&](const std::exception_ptr& error) {
    failure = error ? error : failure;
    --running;
    all_done.cancel();
  };
  for (const auto& channel : impl_->channels) {
    net::co_spawn(impl_->executor, impl_->serve(*channel), ended);
  }
  while (running > 0) {
    co_await all_done.async_wait(kAsTuple);
    const auto cancelled = co_await net::this_coro::cancellation_state;
    if (cancelled.cancelled() != net::cancellation_type::none || failure) {
      stop();
    }
  }
  if (failure) {
    std::rethrow_exception(failure);
  }
}

void AlertSender::stop() {
  impl_->stopping = true;
  for (const auto& channel : impl_->channels) {
    channel->wake.cancel();
    channel->client->disconnect();
  }
}

AlertQueue& AlertSender::queue() {
  return impl_->queue;
}

}  // namespace isthmus::collector
