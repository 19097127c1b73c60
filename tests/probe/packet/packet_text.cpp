// packet_text replies CAPTURE: what parse_reply makes of each packet of a capture, tab-separated:
//   frame source destination ttl ip_id tos size type code quoted_source quoted_destination
//   quoted_ttl quoted_id quoted_protocol source_port destination_port mpls_labels objects
// or frame and the fault. packet_text probes FILE: a capture of built packets, of all modes.
#include <cstdio>
#include <string>

#include <pcap/pcap.h>

#include "probe/packet/icmp_extension.hpp"
#include "probe/packet/link_layer.hpp"
#include "probe/packet/probe.hpp"
#include "probe/packet/reply_packet.hpp"

namespace {

using namespace isthmus;
using namespace isthmus::probe;

std::string extension_text(const ReplyPacket& reply) {
  std::vector<MplsLabel> labels;
  std::string objects;
  ExtensionReader reader{reply.extension};
  while (const auto object = reader.next()) {
    objects += std::to_string(object->class_number) + '/' + std::to_string(object->type) + ' ';
    if (is_mpls(*object)) {
      append_mpls(*object, labels);
    }
  }
  std::string text;
  for (const MplsLabel& each : labels) {
    text += std::to_string(each.label) + ':' + std::to_string(each.traffic_class) + ':' +
            std::to_string(each.bottom ? 1 : 0) + ':' + std::to_string(each.ttl) + ' ';
  }
  return text + '\t' + objects;
}

std::string reply_text(const ReplyPacket& reply) {
  const IpHeader& ip = reply.ip;
  std::string text = ip.source.to_string() + '\t' + ip.destination.to_string() + '\t' +
                     std::to_string(ip.ttl) + '\t' + std::to_string(ip.ip_id) + '\t' +
                     std::to_string(ip.tos) + '\t' + std::to_string(ip.total_length) + '\t' +
                     std::to_string(reply.icmp_type) + '\t' + std::to_string(reply.icmp_code);
  if (!reply.quote) {
    return text + "\t-\t-\t-\t-\t-\t-\t-\t\t";
  }
  const IpHeader& quoted = reply.quote->ip;
  ByteReader ports{reply.quote->transport};
  const auto source_port = ports.u16();
  const auto destination_port = ports.u16();
  text += '\t' + quoted.source.to_string() + '\t' + quoted.destination.to_string() + '\t' +
          std::to_string(quoted.ttl) + '\t' + std::to_string(quoted.ip_id) + '\t' +
          std::to_string(quoted.protocol) + '\t' + std::to_string(source_port) + '\t' +
          std::to_string(destination_port) + '\t' + extension_text(reply);
  return text;
}

int print_replies(const char* path) {
  char why[PCAP_ERRBUF_SIZE];
  pcap_t* const capture = pcap_open_offline(path, why);
  if (capture == nullptr) {
    std::fprintf(stderr, "packet_text: %s: %s\n", path, why);
    return 1;
  }
  pcap_pkthdr* header = nullptr;
  const u_char* data = nullptr;
  for (int frame = 1; pcap_next_ex(capture, &header, &data) == 1; ++frame) {
    const Bytes bytes{reinterpret_cast<const std::byte*>(data), header->caplen};
    const auto stripped = strip_link_layer(pcap_datalink(capture), bytes);
    if (!stripped) {
      std::printf("%d\tno_ip\n", frame);
      continue;
    }
    const auto reply = parse_reply(stripped->packet);
    const std::string text = reply ? reply_text(*reply) : std::string{to_string(reply.error())};
    std::printf("%d\t%s\n", frame, text.c_str());
  }
  pcap_close(capture);
  return 0;
}

int write_probes(const char* path) {
  pcap_t* const none = pcap_open_dead(DLT_RAW, 65535);
  pcap_dumper_t* const file = pcap_dump_open(none, path);
  if (file == nullptr) {
    std::fprintf(stderr, "packet_text: %s: %s\n", path, pcap_geterr(none));
    return 1;
  }
  for (const ProbeMethod method :
       {ProbeMethod::Udp, ProbeMethod::Icmp, ProbeMethod::TcpSyn, ProbeMethod::TcpAck}) {
    for (const bool is_v4 : {true, false}) {
      for (std::uint32_t i = 0; i < 500; ++i) {
        const ProbeFormat format{.method = method, .key = {i, 77}, .instance = 3};
        const ProbePacket packet = build_probe(
            format, {.source = is_v4 ? IpAddress::v4(0xc0000201 + i)
                                     : IpAddress::v6(0x2001'0db8'0000'0000ULL, i),
                     .id = {is_v4 ? IpAddress::v4(0x08080808 * i)
                                  : IpAddress::v6(0x2001'0db8'ffff'0000ULL, ~std::uint64_t{i}),
                            static_cast<std::uint8_t>(i % kMaxTtl + 1),
                            static_cast<std::uint16_t>(i % 7), static_cast<std::uint8_t>(i)},
                     .target = i});
        pcap_pkthdr header{};
        header.caplen = static_cast<bpf_u_int32>(packet.size);
        header.len = header.caplen;
        pcap_dump(reinterpret_cast<u_char*>(file), &header,
                  reinterpret_cast<const u_char*>(packet.storage.data()));
      }
    }
  }
  pcap_dump_close(file);
  pcap_close(none);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view{argv[1]} == "replies") {
    return print_replies(argv[2]);
  }
  if (argc == 3 && std::string_view{argv[1]} == "probes") {
    return write_probes(argv[2]);
  }
  std::fprintf(stderr, "usage: packet_text replies CAPTURE | probes FILE\n");
  return 2;
}
