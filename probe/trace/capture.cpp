#include "probe/trace/capture.hpp"

#include <cstring>

#include <pcap/pcap.h>

#include "probe/trace/packet_sender.hpp"

namespace isthmus::probe {
namespace {

constexpr int kSnapLength = 2048;

Error describe(pcap_t* handle, const std::string& interface, int status) {
  if (status == PCAP_ERROR_PERM_DENIED) {
    return {missing_capability()};
  }
  const std::string detail = pcap_geterr(handle);
  return {"cannot capture on " + interface + ": " +
          (detail.empty() ? std::string{pcap_statustostr(status)} : detail)};
}

struct Delivery {
  const Capture::Handler* handler;
  int link_type;
};

void deliver(u_char* user, const pcap_pkthdr* header, const u_char* data) {
  const auto& delivery = *reinterpret_cast<const Delivery*>(user);
  const Bytes bytes{reinterpret_cast<const std::byte*>(data), header->caplen};
  const auto frame = strip_link_layer(delivery.link_type, bytes);
  if (frame) {
    // Nanoseconds are asked for: tv_usec holds them.
    const auto since =
        std::chrono::seconds{header->ts.tv_sec} + std::chrono::nanoseconds{header->ts.tv_usec};
    (*delivery.handler)(*frame, TimePoint{std::chrono::round<Duration>(since)});
  }
}

}  // namespace

void Capture::Close::operator()(pcap* handle) const {
  pcap_close(handle);
}

Capture::Capture(std::unique_ptr<pcap, Close> handle)
    : handle_{std::move(handle)},
      link_type_{pcap_datalink(handle_.get())} {}

std::string Capture::filter(const CaptureOptions& options, const ProbeFormat& format) {
  const std::string ports =
      std::to_string(format.base_port) + '-' + std::to_string(format.base_port + options.flows - 1);
  // Extension headers hide ICMPv6 from the filter: such packets all come through.
  std::string text =
      "(icmp and (icmp[0] = 0 or icmp[0] = 3 or icmp[0] = 11 or icmp[0] = 12)) or "
      "(icmp6 and (ip6[40] < 5 or ip6[40] = 129)) or "
      "(ip6 and (ip6[6] = 0 or ip6[6] = 43 or ip6[6] = 44 or ip6[6] = 60))";
  const auto uses = [&](ProbeMethod method) {
    return !options.one_format || format.method == method;
  };
  const std::string port =
      options.one_format ? " and PORT port " + std::to_string(format.destination_port) : "";
  const auto with_port = [&](const char* direction) {
    std::string clause = port;
    if (!clause.empty()) {
      clause.replace(5, 4, direction);
    }
    return clause;
  };
  // Our ports lie among those of all connections: only what can answer a SYN or an ACK, or be one.
  const std::string opening =
      " and (tcp[13] & 6 != 0 or (ip6 and ip6[6] = 6 and ip6[53] & 6 != 0))";
  if (uses(ProbeMethod::TcpSyn) || uses(ProbeMethod::TcpAck)) {
    text += " or (tcp and dst portrange " + ports + with_port("src") + opening + ")";
  }
  if (!options.own_probes) {
    return text;
  }
  if (uses(ProbeMethod::Udp)) {
    text += " or (udp and src portrange " + ports + with_port("dst") + ")";
  }
  if (uses(ProbeMethod::Icmp)) {
    text += " or (icmp and icmp[0] = 8) or (icmp6 and ip6[40] = 128)";
  }
  if (uses(ProbeMethod::TcpSyn)) {
    text += " or (tcp and src portrange " + ports + with_port("dst") + opening + ")";
  } else if (uses(ProbeMethod::TcpAck)) {
    text += " or (tcp and src portrange " + ports + with_port("dst") + ")";
  }
  return text;
}

Result<Capture> Capture::open(const CaptureOptions& options, const ProbeFormat& format) {
  char why[PCAP_ERRBUF_SIZE]{};
  std::unique_ptr<pcap, Close> handle{pcap_create(options.interface.c_str(), why)};
  if (!handle) {
    return fail("cannot capture on " + options.interface + ": " + why);
  }
  pcap_t* const raw = handle.get();
  pcap_set_snaplen(raw, kSnapLength);
  pcap_set_buffer_size(raw, options.ring_bytes);
  pcap_set_timeout(raw, options.block_milliseconds);
  pcap_set_tstamp_precision(raw, PCAP_TSTAMP_PRECISION_NANO);
  const int status = pcap_activate(raw);
  if (status < 0) {
    return unexpected{describe(raw, options.interface, status)};
  }
  if (options.interface == "any") {
    // Version 2 tells the interface; version 1 serves as well where it is not to be had.
    pcap_set_datalink(raw, DLT_LINUX_SLL2);
  }
  if (!knows_link_type(pcap_datalink(raw))) {
    return fail("cannot capture on " + options.interface + ": its link type " +
                std::to_string(pcap_datalink(raw)) + " is not known here");
  }
  bpf_program program{};
  const std::string text = filter(options, format);
  if (pcap_compile(raw, &program, text.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0 ||
      pcap_setfilter(raw, &program) != 0) {
    return fail("cannot set the capture filter '" + text + "': " + pcap_geterr(raw));
  }
  pcap_freecode(&program);
  if (pcap_setnonblock(raw, 1, why) != 0) {
    return fail("cannot capture on " + options.interface + ": " + why);
  }
  return Capture{std::move(handle)};
}

int Capture::descriptor() const {
  return pcap_get_selectable_fd(handle_.get());
}

int Capture::drain(const Handler& handler) {
  Delivery delivery{&handler, link_type_};
  return pcap_dispatch(handle_.get(), -1, deliver, reinterpret_cast<u_char*>(&delivery));
}

CaptureCounters Capture::counters() const {
  pcap_stat statistics{};
  if (pcap_stats(handle_.get(), &statistics) != 0) {
    return {};
  }
  return {.received = statistics.ps_recv, .dropped = statistics.ps_drop};
}

}  // namespace isthmus::probe
