// Drives a TraceService as a daemon does, and prints what became of each request: a line of
// "name: stop hops last-address" each, then the counters. service_test.py judges.
#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/runtime/sandbox.hpp"
#include "probe/trace/trace_service.hpp"

using namespace isthmus;
using namespace isthmus::probe;

namespace {

TraceRequest request(const std::string& destination, ProbeMethod method = ProbeMethod::Udp) {
  TraceRequest made{.destination = IpAddress::parse(destination).value(), .method = method};
  made.trace.timeout = std::chrono::milliseconds{500};
  return made;
}

class Client {
 public:
  explicit Client(boost::asio::io_context& io, TraceService& service)
      : io_{io},
        service_{service},
        timer_{io} {}

  void start() {
    // All methods and families at once, a destination twice, and options of their own.
    for (const auto method : {ProbeMethod::Udp, ProbeMethod::Icmp, ProbeMethod::TcpSyn}) {
      for (const char* const target : {"10.9.0.1", "fd09::1", "10.9.0.2"}) {
        submit(std::string{target} + "-" + std::string{to_string(method)}, request(target, method));
      }
    }
    TraceRequest near = request("10.9.0.3");
    near.trace.max_ttl = 3;
    submit("three-hops", near);
    TraceRequest fan = request("10.9.0.4");
    fan.trace.multipath_failure = 0.01;
    submit("multipath", fan);
    submit("no-route", request("198.51.100.1"));
    const TraceId never = submit("cancelled-at-once", request("10.9.0.5"));
    cancelled_ = service_.cancel(never);
    submit("from-a-callback-1", request("10.9.0.6"));
    silent_ = submit("cancelled-under-way", request("203.0.113.1"));
    after(std::chrono::milliseconds{300}, [this] {
      cancelled_ = service_.cancel(silent_) && cancelled_ && !service_.cancel(silent_);
    });
  }

  [[nodiscard]] bool cancelled() const { return cancelled_; }

 private:
  TraceId submit(const std::string& name, TraceRequest wanted) {
    ++open_;
    const TraceId id = service_.submit(std::move(wanted),
                                       [this](TraceId done, const std::vector<Traceroute>& traces) {
                                         report(names_.at(done), traces);
                                       });
    names_[id] = name;
    return id;
  }

  void report(const std::string& name, const std::vector<Traceroute>& traces) {
    const bool has_hops = !traces.empty() && !traces[0].hops.empty();
    const auto replies = has_hops ? traces[0].hops.back().replies : std::vector<Reply>{};
    std::printf("%s: %s %zu %zu %s\n", name.c_str(),
                traces.empty() ? "nothing" : std::string{to_string(traces[0].stop)}.c_str(),
                traces.size(), has_hops ? traces[0].hops.size() : 0,
                replies.empty() ? "-" : replies[0].address.to_string().c_str());
    if (name == "from-a-callback-1") {
      submit("from-a-callback-2", request("10.9.0.6"));
    }
    if (--open_ == 0 && !was_idle_) {
      // The loop has had nothing to do for a while when the next request comes.
      was_idle_ = true;
      after(std::chrono::milliseconds{200}, [this] { submit("after-idling", request("fd09::7")); });
    } else if (open_ == 0) {
      service_.cancel_all();
      io_.stop();
    }
  }

  void after(std::chrono::milliseconds delay, std::function<void()> work) {
    timer_.expires_after(delay);
    timer_.async_wait([work = std::move(work)](const boost::system::error_code& error) {
      if (!error) {
        work();
      }
    });
  }

  boost::asio::io_context& io_;
  TraceService& service_;
  boost::asio::steady_timer timer_;
  std::map<TraceId, std::string> names_;
  TraceId silent_{};
  unsigned open_ = 0;
  bool was_idle_ = false;
  bool cancelled_ = false;
};

}  // namespace

int main() {
  boost::asio::io_context io;
  NetworkOptions options;
  options.rate = 2'000;
  const auto service = TraceService::open(io, options);
  if (!service) {
    std::fprintf(stderr, "%s\n", service.error().message.c_str());
    return 3;
  }
  if (!drop_capabilities() || !confine({SandboxRoom::Datagrams})) {
    return 3;
  }
  Client client{io, **service};
  client.start();
  io.run();
  const TraceCounters counters = (*service)->counters();
  std::printf("cancelled=%d active=%zu waiting=%zu traces=%llu dropped=%llu unresolved=%llu\n",
              client.cancelled() ? 1 : 0, (*service)->active(), (*service)->waiting(),
              static_cast<unsigned long long>(counters.engine.traces),
              static_cast<unsigned long long>(counters.capture.dropped),
              static_cast<unsigned long long>(counters.unresolved));
  return 0;
}
