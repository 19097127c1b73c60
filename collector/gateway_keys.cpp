#include "collector/gateway_keys.hpp"

#include <filesystem>

#include "core/net/address.hpp"

namespace isthmus::collector {
namespace {

std::string from_folder(const std::string& folder, const std::string& written) {
  return (std::filesystem::path{folder} / written).lexically_normal().string();
}

/// ":9743", "192.0.2.1:9743", "[2001:db8::1]:9743".
bool is_listen_address(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon + 1 == text.size() || text.size() - colon > 6 ||
      text.find_first_not_of("0123456789", colon + 1) != std::string::npos ||
      std::stoul(text.substr(colon + 1)) > 65535) {
    return false;
  }
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  return host.empty() || IpAddress::parse(host).has_value();
}

}  // namespace

GatewaySettings read_gateway(TomlTable& root, const std::string& folder) {
  GatewaySettings settings;
  auto table = root.table("gateway");
  if (!table) {
    return settings;
  }
  for (const GatewayListField& field : kGatewayLists) {
    settings.*field.member = table->texts(field.key);
  }
  for (const GatewayTextField& field : kGatewayTexts) {
    settings.*field.member = table->text(field.key).value_or(settings.*field.member);
  }
  settings.rate = table->number("rate", 1, 1'000'000).value_or(settings.rate);
  for (std::size_t i = 0; i < settings.listen.size(); ++i) {
    if (!is_listen_address(settings.listen[i])) {
      table->complain("listen", i, "is no address to listen on: write for example \":9743\"");
    }
  }
  if (!is_listen_address(settings.admin_listen)) {
    table->complain("admin_listen", "is no address to listen on");
  }
  if (settings.outside_uri.find("{name}") == std::string::npos) {
    table->complain("outside_uri", "must hold {name} where the probe's name stands");
  }
  if (!settings.listen.empty()) {
    if (settings.folder.empty()) {
      table->complain("listen", "needs a folder too, where the authority is kept");
    }
    if (settings.names.empty()) {
      table->complain("listen", "needs names too, by which probes call the collector");
    }
  }
  if (!settings.folder.empty()) {
    settings.folder = from_folder(folder, settings.folder);
  }
  for (std::size_t i = 0; i < settings.outside_authorities.size(); ++i) {
    std::string& path = settings.outside_authorities[i];
    path = from_folder(folder, path);
    std::error_code error;
    if (!std::filesystem::exists(path, error)) {
      table->complain("outside_authorities", i, path + " does not exist");
    }
  }
  return settings;
}

}  // namespace isthmus::collector
