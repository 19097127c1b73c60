#include "collector/feed/archive_ledger.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include <fmt/format.h>

namespace isthmus::collector {
namespace {

constexpr std::string_view kHeading = "isthmus archive ledger 1";
constexpr std::size_t kDigestLength = 64;

std::optional<ArchiveFate> parse_fate(std::string_view word) {
  for (const ArchiveFate fate : {ArchiveFate::Whole, ArchiveFate::Damaged, ArchiveFate::Refused}) {
    if (word == to_string(fate)) {
      return fate;
    }
  }
  return std::nullopt;
}

/// A location is a path or URL and may hold blanks, but no end of a line.
std::string write_line(std::string_view location, const ArchiveEntry& entry) {
  return fmt::format("{} {} {} {} {}\n", to_string(entry.fate), format_utc(entry.start),
                     entry.bytes, entry.sha256.empty() ? "-" : entry.sha256, location);
}

bool read_line(std::string_view line, std::string& location, ArchiveEntry& entry) {
  std::array<std::string_view, 4> fields;
  for (std::string_view& field : fields) {
    const std::size_t end = line.find(' ');
    if (end == std::string_view::npos) {
      return false;
    }
    field = line.substr(0, end);
    line.remove_prefix(end + 1);
  }
  const auto fate = parse_fate(fields[0]);
  const auto start = parse_utc(fields[1]);
  const auto [rest, error] =
      std::from_chars(fields[2].data(), fields[2].data() + fields[2].size(), entry.bytes);
  const bool is_digest = fields[3] == "-" || fields[3].size() == kDigestLength;
  if (!fate || !start || error != std::errc{} || rest != fields[2].data() + fields[2].size() ||
      !is_digest || line.empty()) {
    return false;
  }
  entry.fate = *fate;
  entry.start = *start;
  entry.sha256 = fields[3] == "-" ? "" : fields[3];
  location = line;
  return true;
}

tl::unexpected<Error> failure(const std::string& path, std::string_view doing) {
  return fail(fmt::format("{}: cannot {}: {}", path, doing,
                          std::error_code{errno, std::generic_category()}.message()));
}

/// Writes at the end of a file, and to the disk.
Result<void> append(const std::string& path, std::string_view text, int flags) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0640);
  if (descriptor < 0) {
    return failure(path, "open");
  }
  bool good = true;
  while (good && !text.empty()) {
    const ssize_t count = ::write(descriptor, text.data(), text.size());
    good = count > 0 || (count < 0 && errno == EINTR);
    text.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : 0);
  }
  good = good && ::fdatasync(descriptor) == 0;
  const int cause = errno;
  ::close(descriptor);
  if (!good) {
    errno = cause;
    return failure(path, "write");
  }
  return {};
}

}  // namespace

std::string_view to_string(ArchiveFate fate) {
  switch (fate) {
    case ArchiveFate::Whole:
      return "whole";
    case ArchiveFate::Damaged:
      return "damaged";
    default:
      return "refused";
  }
}

Result<ArchiveLedger> ArchiveLedger::open(const std::string& path, TimePoint horizon) {
  ArchiveLedger ledger{path};
  std::ostringstream content;
  if (std::filesystem::exists(path)) {
    std::ifstream file{path, std::ios::binary};
    content << file.rdbuf();
    if (!file) {
      return fail(path + ": cannot be read");
    }
  }
  const std::string text = content.str();
  std::string_view rest = text;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) {
      break;  // torn by a crash: the archive will be handed over again, which does no harm
    }
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    std::string location;
    ArchiveEntry entry;
    if (number == 1 ? line != kHeading : !read_line(line, location, entry)) {
      return fail(fmt::format("{}:{}: is no line of an archive ledger", path, number));
    }
    if (number > 1 && entry.start >= horizon) {
      ledger.entries_[location] = entry;
    }
  }
  // Written anew, so that it does not grow for ever and a torn line is gone.
  std::string fresh = std::string{kHeading} + '\n';
  for (const auto& [location, entry] : ledger.entries_) {
    fresh += write_line(location, entry);
  }
  const std::string part = path + ".part";
  if (const Result<void> written = append(part, fresh, O_TRUNC); !written) {
    return unexpected{written.error()};
  }
  std::error_code error;
  std::filesystem::rename(part, path, error);
  if (error) {
    return fail(path + ": cannot be replaced: " + error.message());
  }
  return ledger;
}

const ArchiveEntry* ArchiveLedger::find(std::string_view location) const {
  const auto found = entries_.find(location);
  return found == entries_.end() ? nullptr : &found->second;
}

Result<void> ArchiveLedger::add(const std::string& location, const ArchiveEntry& entry) {
  if (location.empty() || location.find('\n') != std::string::npos) {
    return fail("an archive's name has an end of line in it");
  }
  if (Result<void> written = append(path_, write_line(location, entry), O_APPEND); !written) {
    return written;
  }
  entries_[location] = entry;
  return {};
}

}  // namespace isthmus::collector
