#include "probe/deliver/uplink.hpp"

#include <algorithm>
#include <charconv>
#include <random>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "core/runtime/http_client.hpp"
#include "core/runtime/log.hpp"
#include "core/wire/result_batch.hpp"
#include "core/wire/session_message.hpp"
#include "probe/deliver/clock_filter.hpp"
#include "probe/deliver/delivery_lanes.hpp"

namespace isthmus::probe {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kBatchTraces = 1'024;
constexpr auto kCallLimit = 30s;
constexpr auto kTimeLimit = 5s;
constexpr auto kEnrolLimit = 30s;
constexpr auto kPlanMargin = 10s;
constexpr Duration kLongestRetryAfter = 10min;
constexpr auto kIdle = 30s;
constexpr int kClockBurst = 4;
constexpr Duration kRenewalCheck = 1h;

enum class Verdict : std::uint8_t {
  Done,
  Again,    ///< later, the same
  Smaller,  ///< in smaller pieces
  Never,    ///< the collector will never take this
};

Verdict judge(unsigned status) {
  switch (status) {
    case 200:
      return Verdict::Done;
    case 400:
    case 413:
    case 415:
    case 422:
      return Verdict::Never;
    default:
      return Verdict::Again;
  }
}

std::optional<Duration> retry_after(const HttpReply& reply) {
  const std::string_view text = reply.headers.find("Retry-After");
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size() || seconds < 0) {
    return std::nullopt;
  }
  return std::min<Duration>(kLongestRetryAfter,
                            std::chrono::seconds{std::min<std::int64_t>(seconds, 3'600)});
}

/// The probe's name in its certificate: the end of "isthmus://probe/NAME".
std::string name_in(const PeerCertificate& certificate) {
  constexpr std::string_view kPlace = "isthmus://probe/";
  for (const std::string& uri : certificate.uris) {
    if (uri.starts_with(kPlace)) {
      return uri.substr(kPlace.size());
    }
  }
  return {};
}

/// What a reply that is no success says, for people.
std::string describe(const HttpReply& reply) {
  constexpr std::size_t kMost = 200;
  return std::to_string(reply.status) + ' ' + reply.body.substr(0, kMost);
}

}  // namespace

struct Uplink::Impl {
  Impl(const net::any_io_executor& on, UplinkOptions settings, Spool& from, std::size_t place,
       Hooks asked)
      : executor{on},
        options{std::move(settings)},
        spool{from},
        cursor{place},
        hooks{std::move(asked)},
        news{on},
        random{std::random_device{}()} {}

  /// A client with the credentials as they are now; its own for each task, as each makes one call
  /// at a time.
  struct Line {
    std::unique_ptr<HttpClient> client;
    std::uint64_t generation = 0;
  };

  Task<> deliver();
  Task<> follow_plan();
  Task<> renew();
  Task<> deliver_some(NumberRange owed);
  Task<> measure_clock();
  Task<> renew_once(std::string name);
  Task<Result<HttpReply>> call(Line& line, HttpCall what, std::chrono::nanoseconds limit);
  Task<> pause(Duration length);
  Result<void> prepare(Line& line);
  void take_plan(const std::string& body, bool remember);
  bool settle(const std::vector<SpoolEntry>& entries, NumberRange range, const HttpReply& reply);
  void failed(const std::string& what);
  void went_well() {
    status.up = true;
    retry = Duration{0};
  }
  Duration next_retry();

  net::any_io_executor executor;
  UplinkOptions options;
  Spool& spool;
  std::size_t cursor;
  Hooks hooks;
  net::steady_timer news;
  std::mt19937 random;
  DeliveryLanes lanes;
  ClockFilter clock;
  std::optional<Duration> clock_due;
  Duration wall_minus_monotonic{};
  BatchEncoder encoder;
  BatchDecoder decoder;
  std::vector<SpoolEntry> entries;
  std::size_t most_entries = kBatchTraces;
  Line results;
  Line plans;
  std::uint64_t credentials = 1;  ///< counts up when they change
  Duration retry{};
  LogThrottle throttle{6};
  std::string etag;
  std::string probe;  ///< the name that the collector knows us by
  UplinkStatus status;
};

void Uplink::Impl::failed(const std::string& what) {
  ++status.failures;
  status.up = false;
  status.last_error = what;
  if (const auto left_out = throttle.admit(std::chrono::steady_clock::now())) {
    log_warn("collector cannot be used",
             {{"collector", options.name}, {"error", what}, {"left_out", *left_out}});
  }
}

Duration Uplink::Impl::next_retry() {
  retry = std::clamp(retry * 2, options.first_retry, options.longest_retry);
  // Anywhere up to the step, so that probes do not come back all at once.
  std::uniform_int_distribution<std::int64_t> within{retry.count() / 4, retry.count()};
  return Duration{within(random)};
}

/// Sleeps; `wake` does not end it.
Task<> Uplink::Impl::pause(Duration length) {
  co_await sleep_for(length);
}

Result<void> Uplink::Impl::prepare(Line& line) {
  if (line.client != nullptr && line.generation == credentials) {
    return {};
  }
  HttpClientOptions http{.server = options.server, .user_agent = options.software};
  http.body_bytes = kMaxPlanBytes;
  if (options.server.scheme == "https") {
    const auto loaded = load_credentials(options.folder);
    if (!loaded) {
      return unexpected{loaded.error()};
    }
    auto context = client_context(*loaded);
    if (!context) {
      return unexpected{context.error()};
    }
    if (const auto certificate = read_certificate(loaded->certificate)) {
      status.certificate_expiry = certificate->not_after;
      probe = name_in(*certificate);
    }
    http.tls = std::move(*context);
  }
  line.client = std::make_unique<HttpClient>(executor, std::move(http));
  line.generation = credentials;
  return {};
}

Task<Result<HttpReply>> Uplink::Impl::call(Line& line, HttpCall what,
                                           std::chrono::nanoseconds limit) {
  if (auto prepared = prepare(line); !prepared) {
    co_return unexpected{prepared.error()};
  }
  co_return co_await line.client->call(std::move(what), limit);
}

Task<> Uplink::Impl::deliver() {
  while (true) {
    const Clocks now = hooks.clocks();
    // A step of our clock makes the offset wrong by as much.
    const Duration difference = now.wall.time_since_epoch() - now.monotonic;
    if (std::chrono::abs(difference - wall_minus_monotonic) > 100ms) {
      clock.clear();
      clock_due.reset();
    }
    wall_minus_monotonic = difference;
    // After a failure a small question finds out soon whether the collector is back.
    if (!status.up || !clock_due || *clock_due <= now.monotonic) {
      co_await measure_clock();
      if (!status.up) {
        co_await pause(next_retry());
        continue;
      }
    }
    const auto owed = lanes.next(spool, cursor);
    if (owed) {
      co_await deliver_some(*owed);
      continue;
    }
    news.expires_after(kIdle);
    // Whether more has come, or the time is over, there is only to look.
    co_await news.async_wait(kAsTuple);
  }
}

/// Puts the entries' traceroutes into one batch; which entries went in is what is left in
/// `entries`.
Task<> Uplink::Impl::deliver_some(NumberRange owed) {
  NumberRange range = spool.read(owed, options.batch_bytes, entries);
  ResultBatch batch;
  std::size_t taken = 0;
  for (const SpoolEntry& each : entries) {
    auto read = decoder.decode(as_bytes(each.batch));
    if (!read) {
      log_error("an entry of the spool cannot be read", {{"error", read.error().message}});
      if (taken == 0) {
        spool.delivered(cursor, {each.index, each.index + 1});
        status.refused += each.traces;
        co_return;
      }
      break;
    }
    if (taken > 0 && (read->boot != batch.boot || taken >= most_entries ||
                      batch.traces.size() + read->traces.size() > kBatchTraces)) {
      break;
    }
    if (taken++ == 0) {
      batch = std::move(*read);
    } else {
      std::move(read->traces.begin(), read->traces.end(), std::back_inserter(batch.traces));
    }
  }
  if (taken < entries.size()) {
    range.end = entries[taken].index;
    entries.resize(taken);
  }
  if (taken == 0) {
    spool.delivered(cursor, range);
    co_return;
  }
  if (auto prepared = prepare(results); !prepared) {
    failed(prepared.error().message);
    co_await pause(next_retry());
    co_return;
  }
  // One probe may have another name with each collector.
  batch.probe = probe;
  for (SequencedTraceroute& each : batch.traces) {
    each.trace.vantage.source = probe;
  }
  batch.clock_offset = clock.offset();
  HttpCall what{.method = "POST", .target = "/probe/v1/results"};
  what.headers.add("Content-Type", "application/x-protobuf");
  what.headers.add("Content-Encoding", "zstd");
  what.body = encoder.encode(batch);
  const auto reply = co_await call(results, std::move(what), kCallLimit);
  if (!reply) {
    failed(reply.error().message);
    co_await pause(next_retry());
    co_return;
  }
  if (!settle(entries, range, *reply)) {
    co_await pause(retry_after(*reply).value_or(next_retry()));
  }
}

/// Takes note of a reply; false if it asks us to wait.
bool Uplink::Impl::settle(const std::vector<SpoolEntry>& sent, NumberRange range,
                          const HttpReply& reply) {
  Verdict verdict = judge(reply.status);
  if (verdict == Verdict::Never && sent.size() > 1) {
    verdict = Verdict::Smaller;
  }
  if (verdict == Verdict::Smaller) {
    most_entries = 1;  // so that only what is refused is given up
    return true;
  }
  if (verdict == Verdict::Never) {
    status.refused += sent.front().traces;
    log_error("the collector refuses traceroutes for good", {{"collector", options.name},
                                                             {"traceroutes", sent.front().traces},
                                                             {"reply", describe(reply)}});
    spool.delivered(cursor, range);
    return true;
  }
  if (verdict == Verdict::Again) {
    failed(describe(reply));
    return false;
  }
  const auto answer = decode_result_answer(as_bytes(reply.body));
  if (!answer || answer->boot != sent.front().boot) {
    failed(answer ? "the answer is about another boot" : answer.error().message);
    return false;
  }
  std::uint64_t first = range.first;
  bool all = true;
  for (const SpoolEntry& each : sent) {
    all = all && each.first_sequence + each.traces - 1 <= answer->stored;
    if (all) {
      spool.delivered(cursor, {first, each.index + 1});
      first = each.index + 1;
      status.stored += each.traces;
    }
  }
  status.duplicates += answer->duplicates;
  if (!all) {
    failed("the collector stored only a part");
    return false;
  }
  spool.delivered(cursor, range);
  most_entries = kBatchTraces;
  went_well();
  hooks.on_stored();
  return true;
}

Task<> Uplink::Impl::measure_clock() {
  for (int i = 0; i < kClockBurst; ++i) {
    const Clocks before = hooks.clocks();
    HttpCall what{.target = "/probe/v1/time"};
    const auto reply = co_await call(results, std::move(what), kTimeLimit);
    const Clocks after = hooks.clocks();
    clock_due = after.monotonic + options.clock_interval;
    if (!reply || reply->status != 200) {
      failed(reply ? describe(*reply) : reply.error().message);
      break;
    }
    const auto answer = decode_time_answer(as_bytes(reply->body));
    if (answer && i > 0) {  // the first one may have paid for a new connection
      clock.add({.asked = before.wall,
                 .received = answer->received,
                 .answered = answer->sent,
                 .round_trip = after.monotonic - before.monotonic});
    }
    status.up = true;
  }
  status.clock_offset = clock.offset();
}

void Uplink::Impl::take_plan(const std::string& body, bool remember) {
  auto plan = decode_plan(as_bytes(body));
  if (!plan) {
    failed("the plan cannot be used: " + plan.error().message);
    return;
  }
  ++status.plans;
  hooks.on_plan(*plan);
  if (remember) {
    plan->sweeps.clear();
    plan->traces.clear();
    const auto kept = write_file_atomically(options.folder + "/plan", encode_plan(*plan));
    if (!kept) {
      log_warn("the plan cannot be kept",
               {{"collector", options.name}, {"error", kept.error().message}});
    }
  }
}

Task<> Uplink::Impl::follow_plan() {
  Duration wait{};
  while (true) {
    HttpCall what{
        .target = "/probe/v1/plan?wait=" +
                  std::to_string(
                      std::chrono::duration_cast<std::chrono::seconds>(options.plan_wait).count())};
    if (!etag.empty()) {
      what.headers.add("If-None-Match", etag);
    }
    const auto reply = co_await call(plans, std::move(what), options.plan_wait + kPlanMargin);
    if (reply && reply->status == 200) {
      etag = std::string{reply->headers.find("ETag")};
      take_plan(reply->body, true);
      wait = Duration{0};
      continue;
    }
    if (reply && reply->status == 304) {
      wait = Duration{0};
      continue;
    }
    failed(reply ? "plan: " + describe(*reply) : "plan: " + reply.error().message);
    wait = std::clamp(wait * 2, options.first_retry, options.longest_retry);
    std::uniform_int_distribution<std::int64_t> within{wait.count() / 4, wait.count()};
    const Duration length{within(random)};
    co_await pause(reply ? retry_after(*reply).value_or(length) : length);
  }
}

Task<> Uplink::Impl::renew() {
  while (options.server.scheme == "https") {
    const auto loaded = load_credentials(options.folder);
    const auto certificate = loaded ? read_certificate(loaded->certificate)
                                    : Result<PeerCertificate>{unexpected{loaded.error()}};
    if (certificate && hooks.clocks().wall >= renewal_time(*certificate)) {
      co_await renew_once(name_in(*certificate));
    }
    co_await pause(kRenewalCheck);
  }
}

Task<> Uplink::Impl::renew_once(std::string name) {
  const auto made = make_key_and_request(name);
  const auto loaded = load_credentials(options.folder);
  if (!made || !loaded) {
    failed("renewal: " + (made ? loaded.error().message : made.error().message));
    co_return;
  }
  Line line;
  const EnrolRequest request{.request = made->request, .software = options.software};
  HttpCall what{.method = "POST", .target = "/probe/v1/enroll"};
  what.headers.add("Content-Type", "application/x-protobuf");
  what.body = encode(request);
  const auto reply = co_await call(line, std::move(what), kEnrolLimit);
  if (!reply || reply->status != 200) {
    failed("renewal: " + (reply ? describe(*reply) : reply.error().message));
    co_return;
  }
  const auto answer = decode_enrol_answer(as_bytes(reply->body));
  if (!answer) {
    failed("renewal: " + answer.error().message);
    co_return;
  }
  const Credentials fresh{
      .certificate = answer->certificate,
      .key = made->key,
      .authority = answer->authority.empty() ? loaded->authority : answer->authority};
  // Nothing is given up for what does not work.
  if (const auto works = client_context(fresh); !works) {
    failed("renewal: " + works.error().message);
    co_return;
  }
  if (const auto saved = save_credentials(options.folder, fresh); !saved) {
    failed("renewal: " + saved.error().message);
    co_return;
  }
  ++credentials;
  ++status.renewals;
  log_info("certificate renewed", {{"collector", options.name}});
}

Uplink::Uplink(const net::any_io_executor& executor, UplinkOptions options, Spool& spool,
               std::size_t cursor, Hooks hooks)
    : impl_{std::make_unique<Impl>(executor, std::move(options), spool, cursor, std::move(hooks))} {
}

Uplink::~Uplink() = default;

void Uplink::load_last_plan() {
  if (const auto body = read_small_file(impl_->options.folder + "/plan", kMaxPlanBytes)) {
    impl_->take_plan(*body, false);
  }
}

Task<> Uplink::run() {
  using namespace net::experimental::awaitable_operators;
  co_await (impl_->deliver() && impl_->follow_plan() && impl_->renew());
}

void Uplink::wake() {
  impl_->news.cancel();
}

void Uplink::reload_credentials() {
  ++impl_->credentials;
  impl_->news.cancel();
}

bool Uplink::is_done() const {
  return impl_->spool.owed(impl_->cursor) == 0;
}

const UplinkStatus& Uplink::status() const {
  return impl_->status;
}

Task<Result<std::string>> enrol(net::any_io_executor executor, Url server, std::string token,
                                std::string software, std::string folder) {
  const auto join = JoinToken::parse(token);
  if (!join) {
    co_return unexpected{join.error()};
  }
  const auto made = make_key_and_request(join->probe);
  if (!made) {
    co_return unexpected{made.error()};
  }
  HttpClientOptions options{.server = server, .user_agent = software};
  if (server.scheme == "https") {
    TlsClientOptions tls{.pinned_authority = join->fingerprint};
    auto context = TlsContext::client(std::move(tls));
    if (!context) {
      co_return unexpected{context.error()};
    }
    options.tls = std::move(*context);
  }
  HttpClient client{executor, std::move(options)};
  const EnrolRequest request{.token = token, .request = made->request, .software = software};
  HttpCall what{.method = "POST", .target = "/probe/v1/enroll"};
  what.headers.add("Content-Type", "application/x-protobuf");
  what.body = encode(request);
  const auto reply = co_await client.call(std::move(what), kEnrolLimit);
  if (!reply) {
    co_return unexpected{reply.error()};
  }
  if (reply->status != 200) {
    co_return fail("the collector refuses: " + describe(*reply));
  }
  const auto answer = decode_enrol_answer(as_bytes(reply->body));
  if (!answer) {
    co_return unexpected{answer.error().within("the collector's answer")};
  }
  const Credentials credentials{
      .certificate = answer->certificate, .key = made->key, .authority = answer->authority};
  if (const auto works = client_context(credentials); !works) {
    co_return unexpected{works.error().within("the certificate that came")};
  }
  if (const auto saved = save_credentials(folder, credentials); !saved) {
    co_return unexpected{saved.error()};
  }
  co_return answer->probe;
}

}  // namespace isthmus::probe
