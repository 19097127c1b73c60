#include "core/route/hop.hpp"

#include <array>

namespace isthmus {

std::string_view to_string(StopReason reason) {
  constexpr std::array<std::string_view, 7> kNames{
      "completed", "unreachable", "gap_limit", "hop_limit", "loop", "error", "cancelled"};
  return kNames.at(static_cast<std::size_t>(reason));
}

std::string_view to_string(ProbeMethod method) {
  constexpr std::array<std::string_view, 4> kNames{"udp", "icmp", "tcp_syn", "tcp_ack"};
  return kNames.at(static_cast<std::size_t>(method));
}

std::string_view to_string(ReplyKind kind) {
  constexpr std::array<std::string_view, 10> kNames{
      "time_exceeded",   "echo_reply",       "port_unreachable",  "host_unreachable",
      "net_unreachable", "admin_prohibited", "other_unreachable", "tcp_syn_ack",
      "tcp_reset",       "packet_too_big"};
  return kNames.at(static_cast<std::size_t>(kind));
}

}  // namespace isthmus
