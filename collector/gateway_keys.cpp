#include "collector/gateway_keys.hpp"

#include <filesystem>

#include "collector/key_checks.hpp"

namespace isthmus::collector {
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
    settings.folder = path_from(folder, settings.folder);
  }
  for (std::size_t i = 0; i < settings.outside_authorities.size(); ++i) {
    std::string& path = settings.outside_authorities[i];
    path = path_from(folder, path);
    std::error_code error;
    if (!std::filesystem::exists(path, error)) {
      table->complain("outside_authorities", i, path + " does not exist");
    }
  }
  return settings;
}

}  // namespace isthmus::collector
