#include "probe/output/live_table.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace isthmus::probe {
namespace {

constexpr std::size_t kNetworkWidth = 32;

double milliseconds(Duration time) {
  return static_cast<double>(time.count()) / 1000.0;
}

/// At most so many bytes of UTF-8, cut between characters.
std::string cut(std::string text, std::size_t size) {
  if (text.size() > size) {
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) {
      --size;
    }
    text.resize(size);
  }
  return text;
}

}  // namespace

LiveTable::LiveTable(const IpAddress& destination, const NetworkNames* names)
    : destination_{destination},
      names_{names} {}

void LiveTable::add(std::uint8_t ttl, const Reply& reply) {
  HopStatistics& hop = hops_[ttl];
  Responder& who = hop.responders[reply.address];
  who.best = who.answers == 0 ? reply.rtt : std::min(who.best, reply.rtt);
  who.worst = std::max(who.worst, reply.rtt);
  who.last = reply.rtt;
  who.sum += reply.rtt;
  who.kind = reply.kind;
  who.nat = reply.nat;
  who.mpls.clear();
  for (const MplsLabel& each : reply.mpls) {
    who.mpls += fmt::format(" mpls {}", each.label);
  }
  ++who.answers;
  ++hop.answers;
  if (reply.kind != ReplyKind::TimeExceeded || reply.address == destination_) {
    end_ = std::min(end_.value_or(ttl), ttl);
  }
}

void LiveTable::finish_round(const std::vector<Traceroute>& traces) {
  ++rounds_;
  std::uint8_t last = 0;
  for (const Traceroute& trace : traces) {
    stop_ = to_string(trace.stop);
    for (const Hop& hop : trace.hops) {
      HopStatistics& statistics = hops_[hop.ttl];
      statistics.sent += hop.sent;
      statistics.lost += hop.sent - std::min<std::size_t>(hop.sent, hop.replies.size());
      last = std::max(last, hop.ttl);
    }
  }
  end_.reset();
  end_before_ = last;
  std::erase_if(hops_, [](const auto& each) { return each.second.sent == 0; });
}

std::size_t LiveTable::address_width(std::uint8_t end) const {
  std::size_t width = 15;
  for (const auto& [ttl, hop] : hops_) {
    for (const auto& [address, who] : hop.responders) {
      width = std::max(width, ttl <= end ? address.to_string().size() : 0);
    }
  }
  return width;
}

/// Routers answer at a limited rate: loss that does not go on behind them is none of the way.
std::string LiveTable::loss_of(std::uint8_t ttl, const HopStatistics& hop) const {
  if (hop.sent == 0) {
    return "";
  }
  const auto share = [](const HopStatistics& each) {
    return 100.0 * static_cast<double>(each.lost) / static_cast<double>(each.sent);
  };
  const bool goes_on = std::all_of(hops_.upper_bound(ttl), hops_.end(), [&](const auto& behind) {
    return behind.second.sent == 0 || share(behind.second) >= share(hop);
  });
  return hop.lost == 0 || goes_on ? fmt::format("{:.0f}%", share(hop))
                                  : fmt::format("({:.0f}%)", share(hop));
}

void LiveTable::add_hop(std::vector<std::string>& lines, std::uint8_t ttl, const HopStatistics& hop,
                        std::size_t addresses) const {
  if (hop.responders.empty()) {
    lines.push_back(fmt::format("{:3}  {:<{}} {:>6}", ttl, "*", addresses, loss_of(ttl, hop)));
    return;
  }
  std::vector<std::pair<IpAddress, Responder>> order{hop.responders.begin(), hop.responders.end()};
  std::stable_sort(order.begin(), order.end(), [](const auto& left, const auto& right) {
    return left.second.answers > right.second.answers;
  });
  bool is_first = true;
  for (const auto& [address, who] : order) {
    std::string line = fmt::format(
        "{:>3}  {:<{}} {:>6} {:8.3f} {:8.3f} {:8.3f} {:8.3f}",
        is_first ? std::to_string(ttl) : std::string{}, address.to_string(), addresses,
        is_first ? loss_of(ttl, hop) : std::string{}, milliseconds(who.last),
        milliseconds(who.best), milliseconds(who.sum) / static_cast<double>(who.answers),
        milliseconds(who.worst));
    if (names_ != nullptr) {
      line += "  " + cut(names_->describe(address), kNetworkWidth);
    }
    if (who.kind != ReplyKind::TimeExceeded) {
      line += fmt::format("  {}", to_string(who.kind));
    }
    line += who.nat ? "  nat" : "";
    line += who.mpls;
    lines.push_back(std::move(line));
    is_first = false;
  }
}

std::vector<std::string> LiveTable::lines(std::size_t width) const {
  const std::uint8_t end = end_ ? *end_ : end_before_.value_or(0xff);
  const std::size_t addresses = address_width(end);
  std::vector<std::string> lines;
  lines.push_back(fmt::format("trace to {}: {}, {} {}", destination_.to_string(), stop_, rounds_,
                              rounds_ == 1 ? "round" : "rounds"));
  lines.push_back(fmt::format("{:>3}  {:<{}} {:>6} {:>8} {:>8} {:>8} {:>8}{}", "ttl", "address",
                              addresses, "loss", "last ms", "best", "mean", "worst",
                              names_ != nullptr ? "  network" : ""));
  int before = 0;
  for (const auto& [ttl, hop] : hops_) {
    if (ttl > end) {
      break;
    }
    // Hops that have not answered yet, between those that have.
    while (before != 0 && ++before < ttl) {
      lines.push_back(fmt::format("{:3}  *", before));
    }
    before = ttl;
    add_hop(lines, ttl, hop, addresses);
  }
  for (std::string& line : lines) {
    line = cut(std::move(line), width);
  }
  return lines;
}

}  // namespace isthmus::probe
