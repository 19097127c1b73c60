#include "core/wire/address_list.hpp"

namespace isthmus {

void append_octets(std::string& bytes, const IpAddress& address) {
  const auto octets = address.octets();
  bytes.append(as_text(Bytes{octets}.first(address_octets(address.family()))));
}

std::optional<IpAddress> address_from(std::string_view octets) {
  if (octets.size() == address_octets(Family::Ipv4)) {
    return IpAddress::from_bytes(Family::Ipv4, as_bytes(octets));
  }
  if (octets.size() == address_octets(Family::Ipv6)) {
    return IpAddress::from_bytes(Family::Ipv6, as_bytes(octets));
  }
  return std::nullopt;
}

bool append_addresses(std::string_view octets, Family family, std::vector<IpAddress>& list) {
  const std::size_t width = address_octets(family);
  if (octets.size() % width != 0) {
    return false;
  }
  list.reserve(list.size() + octets.size() / width);
  for (std::size_t at = 0; at < octets.size(); at += width) {
    list.push_back(IpAddress::from_bytes(family, as_bytes(octets.substr(at, width))));
  }
  return true;
}

}  // namespace isthmus
