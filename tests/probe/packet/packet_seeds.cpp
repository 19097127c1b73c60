// packet_seeds FOLDER: writes the seeds of packet_fuzz; the corpus in the tree was made with it.
#include <cstdio>
#include <fstream>
#include <string>

#include "probe/packet/probe.hpp"
#include "tests/support/reply_builder.hpp"

namespace {

using namespace isthmus;
using namespace isthmus::probe;
using isthmus::test::extended_body;
using isthmus::test::mpls_object;
using isthmus::test::ReplyBuilder;

void write(const std::string& folder, const std::string& name, char link, char method,
           const std::string& packet) {
  std::ofstream file{folder + '/' + name, std::ios::binary};
  file << link << method << packet;
}

void write_family(const std::string& folder, bool is_v4) {
  const IpAddress us = is_v4 ? IpAddress::v4(0xc0000201) : IpAddress::v6(0x2001'0db8ULL << 32, 1);
  const IpAddress target =
      is_v4 ? IpAddress::v4(0x08080808) : IpAddress::v6(0x2001'4860ULL << 32, 0x8888);
  const ReplyBuilder router{
      .from = is_v4 ? IpAddress::v4(0xcb007101) : IpAddress::v6(0x2001'0db8ULL << 32, 9), .to = us};
  const ReplyBuilder host{.from = target, .to = us};
  const std::string family = is_v4 ? "4" : "6";
  for (char method = 0; method < 4; ++method) {
    const ProbeFormat format{.method = static_cast<ProbeMethod>(method), .key = {1, 2}};
    const ProbePacket probe =
        build_probe(format, {.source = us, .id = {.destination = target, .ttl = 7, .flow = 2}});
    const std::string name = family + '-' + std::string{to_string(format.method)};
    write(folder, name + "-sent", 1, method, std::string{as_text(probe.view())});
    write(folder, name + "-exceeded", 1, method, router.time_exceeded(probe.view()));
    write(folder, name + "-short", 1, method, router.time_exceeded(probe.view(), is_v4 ? 28 : 48));
    const std::string body = extended_body(
        probe.view(), 128, mpls_object({0x12301, 0xff101}) + std::string{"\0\x8\2\1eth0", 8});
    write(folder, name + "-mpls", 1, method,
          is_v4 ? router.icmp(11, 0, 32U << 16, as_bytes(body))
                : router.icmp(3, 0, 16U << 24, as_bytes(body)));
    write(folder, name + "-old-mpls", 1, method, router.icmp(is_v4 ? 11 : 3, 0, 0, as_bytes(body)));
    write(folder, name + "-port", 1, method, host.port_unreachable(probe.view()));
    if (format.method == ProbeMethod::Icmp) {
      write(folder, name + "-echo", 1, method, host.echo_reply(probe.view()));
    } else if (format.method != ProbeMethod::Udp) {
      write(folder, name + "-open", 1, method, host.tcp_answer(probe.view(), true));
      write(folder, name + "-closed", 1, method, host.tcp_answer(probe.view(), false));
    } else {
      const std::string macs(12, 'm');
      write(folder, name + "-vlan", 0, method,
            macs + std::string{"\x81\0\0\7", 4} + (is_v4 ? std::string{"\x08\0", 2} : "\x86\xdd") +
                router.time_exceeded(probe.view()));
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: packet_seeds FOLDER\n");
    return 2;
  }
  write_family(argv[1], true);
  write_family(argv[1], false);
  return 0;
}
