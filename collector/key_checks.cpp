#include "collector/key_checks.hpp"

#include <algorithm>
#include <filesystem>

#include "core/net/address.hpp"

namespace isthmus::collector {

bool is_name(std::string_view text) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return !text.empty() && text.size() <= 64 &&
         text.find_first_not_of(kAllowed) == std::string_view::npos;
}

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

bool is_url(std::string_view text, std::initializer_list<std::string_view> schemes) {
  for (const std::string_view scheme : schemes) {
    if (text.starts_with(scheme) && text.size() > scheme.size()) {
      return std::all_of(text.begin(), text.end(), [](char each) {
        return each > ' ' && each < 0x7f && each != '"' && each != '<' && each != '>';
      });
    }
  }
  return false;
}

std::string path_from(const std::string& folder, const std::string& written) {
  return (std::filesystem::path{folder} / written).lexically_normal().string();
}

std::string read_path(TomlTable& table, std::string_view key, const std::string& folder) {
  const std::string written = table.text(key).value_or("");
  if (written.empty()) {
    return {};
  }
  const std::string path = path_from(folder, written);
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    table.complain(key, path + " does not exist");
  }
  return path;
}

}  // namespace isthmus::collector
