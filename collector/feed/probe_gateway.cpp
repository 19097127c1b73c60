#include "collector/feed/probe_gateway.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <mutex>
#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include "collector/feed/authority.hpp"
#include "core/base/json_string.hpp"
#include "core/runtime/http_router.hpp"
#include "core/runtime/log.hpp"
#include "core/runtime/queue_task.hpp"
#include "core/wire/session_message.hpp"

namespace isthmus::collector {
namespace {

constexpr std::chrono::seconds kLongestWait{60};
constexpr std::chrono::seconds kUsualWait{30};
/// How long a probe waits for its batch to be on disk before it is told to come again.
constexpr std::chrono::seconds kStoreWait{20};
/// A probe is up when it was heard within this time: two long polls.
constexpr Duration kSilence = std::chrono::seconds{150};
/// Bodies that are being received, together.
constexpr std::size_t kBodyBudget = std::size_t{256} << 20;
/// What was measured further in the future, or the past, is a clock gone wrong.
constexpr Duration kFuture = std::chrono::minutes{10};
constexpr Duration kPast = std::chrono::hours{24 * 30};

HttpResponse binary_response(std::string body) {
  HttpResponse response{.status = 200, .body = std::move(body)};
  response.headers.add("Content-Type", "application/x-protobuf");
  return response;
}

HttpResponse come_again(std::string_view why, unsigned seconds) {
  HttpResponse response = error_response(503, "unavailable", why);
  response.headers.add("Retry-After", std::to_string(seconds));
  return response;
}

std::optional<std::size_t> content_length(const HttpRequest& head) {
  const std::string_view text = head.headers.find("Content-Length");
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return length;
}

/// "isthmus://probe/{name}" against a URI.
std::optional<std::string> match_uri(std::string_view pattern, std::string_view uri) {
  const std::size_t place = pattern.find("{name}");
  if (place == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view before = pattern.substr(0, place);
  const std::string_view after = pattern.substr(place + 6);
  if (uri.size() < before.size() + after.size() || !uri.starts_with(before) ||
      !uri.ends_with(after)) {
    return std::nullopt;
  }
  const std::string_view name =
      uri.substr(before.size(), uri.size() - before.size() - after.size());
  return is_probe_name(name) ? std::optional{std::string{name}} : std::nullopt;
}

Result<std::string> read_text(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (!file) {
    return fail(path + ": cannot be read");
  }
  return text;
}

/// So many a second, and at most as many seconds' worth at once.
class Allowance {
 public:
  explicit Allowance(double rate) : rate_{rate}, left_{rate * kBurstSeconds} {}

  /// Whether anything is left; 0 or the seconds to wait.
  double wait(std::chrono::steady_clock::time_point now) {
    const double passed = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    left_ = std::min(rate_ * kBurstSeconds, left_ + passed * rate_);
    return left_ > 0 ? 0 : (1 - left_) / rate_;
  }
  void spend(double amount) { left_ -= amount; }

 private:
  static constexpr double kBurstSeconds = 10;
  double rate_;
  double left_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace

struct ProbeGateway::Impl {
  /// One trace that a person waits for.
  struct Errand {
    PlanTrace trace;
    std::string probe;
    bool taken = false;
    bool told_taken = false;
    std::optional<Traceroute> result;
    std::shared_ptr<Wakeup> news;
  };

  struct Probe {
    ProbeStatus status;
    Allowance allowance;
    TimePoint heard;
    std::uint64_t plan_changes = 0;  ///< of errands, which are for this probe alone
  };

  struct Sweep {
    PlanSweep sweep;
    TimePoint until;
  };

  Impl(const net::any_io_executor& its_executor, GatewaySettings its_settings,
       const HttpServerLimits& its_limits, GatewayHooks its_hooks)
      : executor{its_executor},
        settings{std::move(its_settings)},
        limits{its_limits},
        hooks{std::move(its_hooks)},
        plan_changed{its_executor, net::steady_timer::time_point::max()} {}

  [[nodiscard]] std::optional<std::string> name_of(const PeerCertificate& certificate) const {
    const bool ours = certificate.issuer_fingerprint == authority->fingerprint();
    for (const std::string& uri : certificate.uris) {
      auto name = ours ? probe_of_uri(uri) : match_uri(settings.outside_uri, uri);
      if (name) {
        return name;
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<std::string> refusal(const PeerCertificate& certificate) const {
    const auto name = name_of(certificate);
    if (!name) {
      return "no_probe_name";
    }
    if (certificate.issuer_fingerprint == authority->fingerprint()) {
      return registry->refusal(*name, certificate.serial);
    }
    return registry->find(*name) == nullptr ? std::nullopt : registry->refusal(*name, std::nullopt);
  }

  Result<TlsContext> make_tls() {
    auto issued = authority->issue_server(settings.names, hooks.now());
    if (!issued) {
      return unexpected{issued.error()};
    }
    TlsServerOptions tls;
    tls.certificate_pem = issued->certificate;
    tls.private_key_pem = issued->key;
    tls.client_certificates = ClientCertificates::Required;
    tls.client_authorities_pem = authority->certificate();
    for (const std::string& path : settings.outside_authorities) {
      const auto text = read_text(path);
      if (!text) {
        return unexpected{text.error()};
      }
      tls.client_authorities_pem += *text;
    }
    tls.refusal = [this](const PeerCertificate& certificate) { return refusal(certificate); };
    tls.policy = [this] {
      return registry->has_open_tokens(hooks.now()) ? ClientCertificates::Optional
                                                    : ClientCertificates::Required;
    };
    return TlsContext::server(std::move(tls));
  }

  HttpResponse refuse(unsigned status, const std::string& reason, std::string_view message,
                      const HttpRequest& request) {
    ++refusals[reason];
    if (const auto left_out = throttle.admit(std::chrono::steady_clock::now())) {
      log_warn("request of a probe refused", {{"reason", reason},
                                              {"peer", request.peer_address.to_string()},
                                              {"target", request.target},
                                              {"left_out", *left_out}});
    }
    HttpResponse response = error_response(status, reason, message);
    response.close = status == 401 || status == 403;
    return response;
  }

  Probe& probe_of(const HttpRequest& request) {
    const std::string name = name_of(*request.certificate).value_or("");
    auto found = probes.find(name);
    if (found == probes.end()) {
      found = probes.emplace(name, Probe{{}, Allowance{settings.rate}, {}, 0}).first;
      found->second.status.name = name;
    }
    Probe& probe = found->second;
    probe.heard = hooks.now();
    probe.status.certificate_expiry = request.certificate->not_after;
    if (probe.status.address != request.peer_address) {
      probe.status.address = request.peer_address;
      settle_group(probe);
    }
    return probe;
  }

  /// The network a probe stands in: what the operator said, else what its address tells.
  void settle_group(Probe& probe) {
    const ProbeRecord* const record = registry->find(probe.status.name);
    const auto seen = hooks.network_of && probe.status.address
                          ? hooks.network_of(*probe.status.address)
                          : std::nullopt;
    if (record != nullptr && record->address) {
      probe.status.declared = record->address;
    }
    if (record != nullptr && record->asn) {
      probe.status.group = *record->asn;
    } else if (seen) {
      probe.status.group = *seen;
    }
    if (record != nullptr && record->asn && seen && *seen != *record->asn) {
      ++refusals["group_differs"];
      log_warn("a probe does not stand where it was said to",
               {{"probe", probe.status.name},
                {"declared", record->asn->to_string()},
                {"seen", seen->to_string()},
                {"address", probe.status.address->to_string()}});
    }
  }

  HttpAdmission admit(const HttpRequest& head) {
    HttpAdmission admission{.body_bytes = kMaxSessionBytes};
    const std::string path = head.path();
    const bool enrols = path == "/probe/v1/enroll";
    if (head.certificate == nullptr && !enrols) {
      admission.refusal = refuse(401, "no_certificate", "enrol this probe first", head);
      return admission;
    }
    if (path != "/probe/v1/results") {
      return admission;
    }
    admission.body_bytes = WireLimits{}.packed_bytes;
    const auto length = content_length(head);
    if (!length) {
      admission.refusal = refuse(411, "no_length", "state the length of the body", head);
      return admission;
    }
    const double wait = probe_of(head).allowance.wait(std::chrono::steady_clock::now());
    if (wait > 0) {
      ++refusals["rate"];
      admission.refusal =
          come_again("this probe delivers too much", static_cast<unsigned>(wait) + 1);
    } else if (bodies + *length > kBodyBudget) {
      ++refusals["busy"];
      admission.refusal = come_again("the collector is busy", 1);
    }
    return admission;
  }

  Task<HttpResponse> results(HttpRequest request) {
    const TimePoint received = hooks.now();
    const std::size_t size = request.body.size();
    const std::string name = probe_of(request).status.name;
    auto decoded = decoder.decode(as_bytes(request.body));
    if (!decoded) {
      ++probe_of(request).status.results["malformed"];
      co_return refuse(400, "malformed", decoded.error().message, request);
    }
    if (decoded->probe != name) {
      co_return refuse(403, "other_name", "a probe may only speak for itself", request);
    }
    request.body = {};
    Probe& probe = probe_of(request);
    ResultAnswer answer{.boot = decoded->boot};
    for (const SequencedTraceroute& each : decoded->traces) {
      answer.stored = std::max(answer.stored, each.sequence);
    }
    probe.allowance.spend(static_cast<double>(std::max<std::size_t>(decoded->traces.size(), 1)));
    accept(probe, *decoded, received);
    struct Verdict {
      explicit Verdict(const net::any_io_executor& its_executor) : news{its_executor} {}
      Wakeup news;
      std::mutex mutex;
      std::optional<Stored> stored;
    };
    const auto verdict = std::make_shared<Verdict>(executor);
    TraceBatch batch;
    batch.results = std::move(*decoded);
    batch.received = received;
    batch.done = [verdict, announce = verdict->news.announcer()](Stored stored) {
      {
        const std::scoped_lock lock{verdict->mutex};
        verdict->stored = stored;
      }
      announce();
    };
    if (!hooks.sink->try_push(batch)) {
      ++refusals["busy"];
      co_return come_again("the collector is busy", 1);
    }
    bodies += size;
    const bool in_time = co_await with_deadline(verdict->news.wait(), kStoreWait);
    bodies -= size;
    const std::scoped_lock lock{verdict->mutex};
    if (!in_time || !verdict->stored || !verdict->stored->ok) {
      ++refusals["not_stored"];
      co_return come_again("the results could not be stored yet", 5);
    }
    answer.duplicates = verdict->stored->duplicates;
    if (const auto found = probes.find(name); found != probes.end() && answer.duplicates > 0) {
      found->second.status.results["duplicate"] += answer.duplicates;
    }
    co_return binary_response(encode(answer));
  }

  /// Takes a batch's traceroutes as this probe's own word: what it says of itself is replaced by
  /// what is known of it, and what cannot be true is left out.
  void accept(Probe& probe, ResultBatch& batch, TimePoint received) {
    probe.status.software = batch.software;
    probe.status.clock_offset = batch.clock_offset;
    probe.status.last_result = received;
    if (!batch.traces.empty() && !probe.status.declared &&
        batch.traces.front().trace.vantage.address != IpAddress{}) {
      probe.status.declared = batch.traces.front().trace.vantage.address;
    }
    if (!batch.traces.empty() && probe.status.group == Asn{}) {
      probe.status.group = batch.traces.front().trace.vantage.asn;
    }
    const VantagePoint vantage{.plane = Plane::Data,
                               .source = probe.status.name,
                               .address = probe.status.address.value_or(IpAddress{}),
                               .asn = probe.status.group};
    for (SequencedTraceroute& each : batch.traces) {
      Traceroute& trace = each.trace;
      const bool possible = trace.start <= trace.end && trace.end <= received + kFuture &&
                            trace.start >= received - kPast;
      ++probe.status.results[possible ? std::string{to_string(trace.stop)} : "impossible_time"];
      if (!possible) {
        trace.hops.clear();  // kept under its sequence, so that it is acknowledged; says nothing
        trace.start = received;
        trace.end = received;
        trace.stop = StopReason::Error;
      }
      trace.vantage = vantage;
      if (each.request != 0) {
        finish_errand(probe.status.name, each);
      }
    }
  }

  void finish_errand(const std::string& probe, const SequencedTraceroute& result) {
    const auto found = errands.find(result.request);
    if (found != errands.end() && found->second->probe == probe) {
      found->second->result = result.trace;
      found->second->news->announcer()();
    }
  }

  Task<HttpResponse> enrol(HttpRequest request) {
    const auto asked = decode_enrol_request(as_bytes(request.body));
    if (!asked) {
      co_return refuse(400, "malformed", asked.error().message, request);
    }
    std::string name;
    std::optional<JoinToken> token;
    if (!asked->token.empty()) {
      auto parsed = JoinToken::parse(asked->token);
      if (!parsed || parsed->fingerprint != authority->fingerprint()) {
        co_return refuse(403, "unknown_token", "this token is not of this collector", request);
      }
      name = parsed->probe;
      token = std::move(*parsed);
    } else if (request.certificate != nullptr) {
      name = name_of(*request.certificate).value_or("");
    } else {
      co_return refuse(401, "no_token", "enrol with a join token", request);
    }
    auto issued = authority->issue_probe(asked->request, name, hooks.now());
    if (!issued) {
      co_return refuse(400, "bad_request", issued.error().message, request);
    }
    if (token) {
      const auto redeemed = registry->redeem(*token, hooks.now());
      if (!redeemed) {
        co_return refuse(403, redeemed.error().message,
                         "ask the operator of the collector for a new token", request);
      }
    }
    if (auto noted = registry->certify(name, issued->serial, issued->not_after); !noted) {
      log_error("a certificate could not be noted", {{"error", noted.error().message}});
      co_return come_again("the collector cannot write its list of probes", 10);
    }
    log_info(token ? "probe enrolled" : "certificate renewed",
             {{"probe", name},
              {"peer", request.peer_address.to_string()},
              {"serial", issued->serial},
              {"until", format_utc(issued->not_after)}});
    const EnrolAnswer answer{
        .probe = name, .certificate = issued->certificate, .authority = authority->certificate()};
    co_return binary_response(encode(answer));
  }

  PlanMessage plan_for(const std::string& name) {
    PlanMessage message = plan;
    const TimePoint now = hooks.now();
    std::erase_if(sweeps, [now](const Sweep& each) { return each.until < now; });
    for (const Sweep& each : sweeps) {
      message.sweeps.push_back(each.sweep);
    }
    for (const auto& [id, errand] : errands) {
      if (errand->probe == name && !errand->result && errand->trace.until >= now) {
        message.traces.push_back(errand->trace);
      }
    }
    message.etag = etag_for(name);
    return message;
  }

  std::string etag_for(const std::string& name) {
    const auto found = probes.find(name);
    return fmt::format("\"{:x}-{}-{}\"", epoch, plan_changes,
                       found == probes.end() ? 0 : found->second.plan_changes);
  }

  static Task<> wait_for_change(Impl& self, std::string name, std::string etag) {
    while (self.etag_for(name) == etag && !self.stopping) {
      const auto [error] = co_await self.plan_changed.async_wait(kAsTuple);
      static_cast<void>(error);
    }
  }

  Task<HttpResponse> fetch_plan(HttpRequest request) {
    const std::string name = probe_of(request).status.name;
    const std::string known{request.headers.find("If-None-Match")};
    if (!known.empty() && known == etag_for(name)) {
      unsigned seconds = static_cast<unsigned>(kUsualWait.count());
      if (const auto asked = request.query_value("wait")) {
        std::from_chars(asked->data(), asked->data() + asked->size(), seconds);
      }
      const std::chrono::seconds wait{std::min<long>(seconds, kLongestWait.count())};
      co_await with_deadline(wait_for_change(*this, name, known), wait);
    }
    const std::string etag = etag_for(name);
    HttpResponse response{.status = 304};
    if (etag != known) {
      response = binary_response(encode_plan(plan_for(name)));
      for (auto& [id, errand] : errands) {
        if (errand->probe == name && !errand->taken) {
          errand->taken = true;
          errand->news->announcer()();
        }
      }
    }
    response.headers.add("ETag", etag);
    co_return response;
  }

  Task<HttpResponse> time(HttpRequest request) {
    probe_of(request);
    TimeAnswer answer{.received = hooks.now()};
    answer.sent = hooks.now();
    co_return binary_response(encode(answer));
  }

  void change_plan() {
    ++plan_changes;
    plan_changed.cancel();
  }

  /// Gives the server a new certificate long before the old one ends.
  Task<> renew_server_certificate() {
    while (!stopping) {
      co_await sleep_for(CertificateAuthority::kServerLifetime / 3);
      auto tls = make_tls();
      if (tls) {
        server->use_tls(std::move(*tls));
      } else {
        log_error("the gateway's certificate could not be renewed",
                  {{"error", tls.error().message}});
      }
    }
  }

  net::any_io_executor executor;
  GatewaySettings settings;
  HttpServerLimits limits;
  GatewayHooks hooks;
  std::optional<CertificateAuthority> authority;
  std::optional<ProbeRegistry> registry;
  std::optional<HttpServer> server;
  HttpRouter router;
  BatchDecoder decoder;
  LogThrottle throttle{30};
  GatewayRefusals refusals;
  std::map<std::string, Probe, std::less<>> probes;
  std::map<std::uint64_t, std::shared_ptr<Errand>> errands;
  std::vector<Sweep> sweeps;
  PlanMessage plan;
  net::steady_timer plan_changed;
  std::uint64_t epoch = 0;  ///< tells this run's plans from an earlier one's
  std::uint64_t plan_changes = 1;
  std::uint64_t next_errand = 1;
  std::size_t bodies = 0;
  bool stopping = false;
};

ProbeGateway::ProbeGateway(const net::any_io_executor& executor, GatewaySettings settings,
                           const HttpServerLimits& limits, GatewayHooks hooks)
    : impl_{std::make_unique<Impl>(executor, std::move(settings), limits, std::move(hooks))} {}

ProbeGateway::~ProbeGateway() = default;

Result<void> ProbeGateway::start() {
  Impl& impl = *impl_;
  impl.epoch = static_cast<std::uint64_t>(impl.hooks.now().time_since_epoch().count());
  impl.next_errand = impl.epoch;
  auto authority = CertificateAuthority::open(impl.settings.folder, impl.hooks.now());
  if (!authority) {
    return unexpected{authority.error()};
  }
  impl.authority = std::move(*authority);
  auto registry = ProbeRegistry::open(impl.settings.folder);
  if (!registry) {
    return unexpected{registry.error()};
  }
  impl.registry = std::move(*registry);
  auto tls = impl.make_tls();
  if (!tls) {
    return unexpected{tls.error()};
  }
  HttpServerOptions options;
  options.name = "gateway";
  options.tls = std::move(*tls);
  options.limits = impl.limits;
  options.gate = [&impl](const HttpRequest& head) { return impl.admit(head); };
  for (const std::string& text : impl.settings.listen) {
    auto listen = ListenAddress::parse(text);
    if (!listen) {
      return unexpected{listen.error()};
    }
    options.listen.push_back(*listen);
  }
  impl.router.add("POST", "/probe/v1/results",
                  [&impl](HttpRequest request) { return impl.results(std::move(request)); });
  impl.router.add("POST", "/probe/v1/enroll",
                  [&impl](HttpRequest request) { return impl.enrol(std::move(request)); });
  impl.router.add("GET", "/probe/v1/plan",
                  [&impl](HttpRequest request) { return impl.fetch_plan(std::move(request)); });
  impl.router.add("GET", "/probe/v1/time",
                  [&impl](HttpRequest request) { return impl.time(std::move(request)); });
  impl.server.emplace(impl.executor, std::move(options), [&impl](HttpRequest request) {
    return impl.router.handle(std::move(request));
  });
  return impl.server->listen();
}

std::vector<std::uint16_t> ProbeGateway::ports() const {
  return impl_->server->ports();
}

Task<> ProbeGateway::run() {
  co_await ends_before(impl_->server->run(), impl_->renew_server_certificate());
}

void ProbeGateway::stop(std::chrono::milliseconds grace) {
  impl_->stopping = true;
  impl_->plan_changed.cancel();
  impl_->server->stop(grace);
}

void ProbeGateway::set_plan(PlanMessage plan) {
  plan.sweeps.clear();
  plan.traces.clear();
  plan.etag.clear();
  if (plan != impl_->plan) {
    impl_->plan = std::move(plan);
    impl_->change_plan();
  }
}

void ProbeGateway::sweep(PlanSweep sweep, TimePoint until) {
  impl_->sweeps.push_back({std::move(sweep), until});
  impl_->change_plan();
}

Result<JoinToken> ProbeGateway::add_probe(const ProbeRecord& probe, Duration token_lifetime) {
  return impl_->registry->add(probe, impl_->authority->fingerprint(), impl_->hooks.now(),
                              token_lifetime);
}

Result<bool> ProbeGateway::revoke_probe(const std::string& name) {
  auto revoked = impl_->registry->revoke(name);
  if (revoked && *revoked) {
    const std::size_t ended =
        impl_->server->close_connections([this, &name](const PeerCertificate& certificate) {
          return impl_->name_of(certificate) == name;
        });
    log_info("probe revoked", {{"probe", name}, {"connections_ended", ended}});
  }
  return revoked;
}

const ProbeRegistry& ProbeGateway::registry() const {
  return *impl_->registry;
}

HttpBodySource ProbeGateway::trace(const std::string& probe, PlanTrace trace,
                                   std::function<std::string(const Traceroute&)> format) {
  const auto found = impl_->probes.find(probe);
  if (found == impl_->probes.end()) {
    return nullptr;
  }
  trace.id = ++impl_->next_errand;
  auto errand = std::make_shared<Impl::Errand>();
  errand->trace = trace;
  errand->probe = probe;
  errand->news = std::make_shared<Wakeup>(impl_->executor);
  impl_->errands.emplace(trace.id, errand);
  ++found->second.plan_changes;
  impl_->plan_changed.cancel();
  // The errand ends with whoever listens to it.
  struct Listener {
    Impl* impl;
    std::shared_ptr<Impl::Errand> errand;
    std::function<std::string(const Traceroute&)> format;
    int said = 0;
    Listener(Impl* its_impl, std::shared_ptr<Impl::Errand> its_errand,
             std::function<std::string(const Traceroute&)> its_format)
        : impl{its_impl},
          errand{std::move(its_errand)},
          format{std::move(its_format)} {}
    ~Listener() { impl->errands.erase(errand->trace.id); }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
  };
  auto listener = std::make_shared<Listener>(impl_.get(), std::move(errand), std::move(format));
  return [listener]() -> Task<std::optional<std::string>> {
    Impl::Errand& waiting = *listener->errand;
    if (listener->said == 0) {
      listener->said = 1;
      co_return "{\"state\":\"asked\"}\n";
    }
    while (listener->said < 3) {
      if (waiting.result) {
        listener->said = 3;
        co_return "{\"state\":\"result\",\"trace\":" + listener->format(*waiting.result) + "}\n";
      }
      if (waiting.taken && listener->said == 1) {
        listener->said = 2;
        co_return "{\"state\":\"taken\"}\n";
      }
      const Duration left = waiting.trace.until - listener->impl->hooks.now();
      if (left <= Duration{0} || !co_await with_deadline(waiting.news->wait(), left)) {
        listener->said = 3;
        co_return "{\"state\":\"failed\",\"error\":\"the probe did not answer in time\"}\n";
      }
    }
    co_return std::nullopt;
  };
}

std::vector<ProbeStatus> ProbeGateway::status() const {
  std::vector<ProbeStatus> all;
  const TimePoint now = impl_->hooks.now();
  for (const auto& [name, probe] : impl_->probes) {
    all.push_back(probe.status);
    all.back().up =
        now - probe.heard <= kSilence &&
        (impl_->registry->find(name) == nullptr || !impl_->registry->refusal(name, std::nullopt));
  }
  for (const auto& [name, record] : impl_->registry->probes()) {
    if (impl_->probes.count(name) == 0) {
      ProbeStatus silent;
      silent.name = name;
      silent.group = record.asn.value_or(Asn{});
      silent.declared = record.address;
      silent.certificate_expiry = record.expiry;
      all.push_back(std::move(silent));
    }
  }
  return all;
}

const GatewayRefusals& ProbeGateway::refusals() const {
  return impl_->refusals;
}

const HttpServerCounters& ProbeGateway::server_counters() const {
  return impl_->server->counters();
}

const std::string& ProbeGateway::authority() const {
  return impl_->authority->certificate();
}

}  // namespace isthmus::collector
