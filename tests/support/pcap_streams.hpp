#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include <pcap/pcap.h>

#include "core/base/bytes.hpp"

namespace isthmus::testing {

/// What one end of a TCP connection sent.
struct TcpStream {
  std::string from;  ///< address and port as bytes
  std::uint16_t to_port = 0;
  std::string bytes;
};

/// The streams of a capture over Ethernet or raw IP, put together by sequence number;
/// repeated segments count once. Enough for captures of tests, in which nothing is lost.
inline std::vector<TcpStream> tcp_streams(const std::string& path) {
  char error[PCAP_ERRBUF_SIZE] = {};
  pcap_t* const file = pcap_open_offline(path.c_str(), error);
  if (file == nullptr) {
    return {};
  }
  const std::size_t link = pcap_datalink(file) == DLT_EN10MB      ? 14U
                           : pcap_datalink(file) == DLT_LINUX_SLL ? 16U
                                                                  : 0U;
  struct Flow {
    TcpStream stream;
    std::map<std::uint32_t, std::string> segments;
    std::uint32_t first = 0;
  };
  std::map<std::string, Flow> flows;
  std::vector<std::string> order;
  pcap_pkthdr* header = nullptr;
  const u_char* data = nullptr;
  while (pcap_next_ex(file, &header, &data) == 1) {
    ByteReader reader{std::as_bytes(std::span{data, header->caplen})};
    reader.skip(link);
    const Bytes packet = reader.rest();
    if (packet.size() < 40) {
      continue;
    }
    ByteReader ip{packet};
    const unsigned first_octet = ip.u8();
    const bool is_v6 = first_octet >> 4U == 6;
    const std::size_t header_octets = is_v6 ? 40U : (first_octet & 0x0fU) * 4U;
    ip.skip(is_v6 ? 3 : 1);
    const std::size_t total = ip.u16() + (is_v6 ? 40U : 0U);
    ip.skip(is_v6 ? 0 : 5);
    const std::uint8_t protocol = ip.u8();
    if (protocol != 6 || total > packet.size() || total < header_octets + 20) {
      continue;
    }
    ByteReader tcp{packet.first(total).subspan(header_octets)};
    const Bytes ports = tcp.rest().first(4);
    const Bytes addresses = is_v6 ? packet.subspan(8, 32) : packet.subspan(12, 8);
    const std::string key = std::string{as_text(addresses)} + std::string{as_text(ports)};
    tcp.skip(2);
    const std::uint16_t to_port = tcp.u16();
    const std::uint32_t sequence = tcp.u32();
    tcp.skip(4);
    const unsigned octets = (tcp.u8() >> 4U) * 4U;
    if (total < header_octets + octets) {
      continue;
    }
    const Bytes payload = packet.first(total).subspan(header_octets + octets);
    if (payload.empty()) {
      continue;
    }
    const auto [at, is_new] = flows.try_emplace(key);
    if (is_new) {
      order.push_back(key);
      at->second.first = sequence;
      at->second.stream.from = key;
      at->second.stream.to_port = to_port;
    }
    at->second.segments.emplace(sequence - at->second.first, as_text(payload));
  }
  pcap_close(file);
  std::vector<TcpStream> streams;
  for (const std::string& key : order) {
    Flow& flow = flows[key];
    for (const auto& [offset, bytes] : flow.segments) {
      if (offset <= flow.stream.bytes.size() && offset + bytes.size() > flow.stream.bytes.size()) {
        flow.stream.bytes += bytes.substr(flow.stream.bytes.size() - offset);
      }
    }
    streams.push_back(std::move(flow.stream));
  }
  return streams;
}

}  // namespace isthmus::testing
