#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "collector/feed/archive_headers.hpp"
#include "collector/feed/archive_name.hpp"

using namespace isthmus::collector;

/// Whatever a web server sends as a page or a header: the names in a page lead nowhere but into its
/// folder, a digest has its length, and a range is within what can be counted.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  for (const std::string& name : read_folder_page(text)) {
    if (name.empty() || name.front() == '.' || name.size() > 255 ||
        name.find_first_of("/\\?#% \n") != std::string::npos) {
      std::abort();
    }
    parse_archive_name(name);
  }
  parse_archive_name(text);
  if (const auto digest = read_sha256_digest(text); digest && digest->size() != 64) {
    std::abort();
  }
  read_content_range(text);
  return 0;
}
