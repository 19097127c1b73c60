#include "collector/record/trace_segments.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "core/base/bytes.hpp"

namespace isthmus::collector {
namespace {

/// Every record begins with this, the lengths of its head and body, and the CRC32C of both.
constexpr std::uint32_t kMagic = 0x49545231;  // "ITR1"
constexpr std::size_t kPrefixBytes = 16;
constexpr std::uint32_t kMaxHead = 1U << 20U;
constexpr std::uint32_t kMaxBody = 64U << 20U;

/// CRC32C (RFC 3720 appendix B.4), a byte at a time from a table.
std::uint32_t crc32c(std::uint32_t crc, std::string_view bytes) {
  static const auto kTable = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) {
        value = (value >> 1U) ^ ((value & 1U) != 0 ? 0x82f63b78U : 0U);
      }
      table.at(i) = value;
    }
    return table;
  }();
  crc = ~crc;
  for (const char each : bytes) {
    crc = kTable[(crc ^ static_cast<unsigned char>(each)) & 0xffU] ^ (crc >> 8U);
  }
  return ~crc;
}

/// What a record says before its body: enough to know what is kept without unpacking anything.
struct Head {
  TimePoint received;
  std::string probe;
  std::uint64_t boot = 0;
  SequenceSet sequences;
};

std::string write_head(const Head& head) {
  ByteWriter out;
  out.u64(static_cast<std::uint64_t>(head.received.time_since_epoch().count()));
  out.u64(head.boot);
  out.u16(static_cast<std::uint16_t>(head.probe.size()));
  out.bytes(as_bytes(head.probe));
  for (const auto& [first, last] : head.sequences.ranges()) {
    out.u64(first);
    out.u64(last);
  }
  return std::string{as_text(out.view())};
}

std::optional<Head> read_head(std::string_view bytes) {
  ByteReader in{as_bytes(bytes)};
  Head head;
  head.received = TimePoint{Duration{static_cast<std::int64_t>(in.u64())}};
  head.boot = in.u64();
  head.probe = as_text(in.take(in.u16()));
  while (in.ok() && !in.empty()) {
    const std::uint64_t first = in.u64();
    const std::uint64_t last = in.u64();
    if (!in.ok() || first > last) {
      return std::nullopt;
    }
    head.sequences.insert(first, last);
  }
  return in.ok() ? std::optional{head} : std::nullopt;
}

std::string file_name(TimePoint received) {
  const std::string utc = format_utc(std::chrono::floor<std::chrono::hours>(received));
  return utc.substr(0, 4) + utc.substr(5, 2) + utc.substr(8, 2) + "T" + utc.substr(11, 2) + ".seg";
}

Error system_error(const std::string& path, const char* what) {
  return Error{path + ": " + what + ": " + std::strerror(errno)};
}

/// Reads the records of one file from its beginning.
class SegmentFile {
 public:
  explicit SegmentFile(const std::string& path) : in_{path, std::ios::binary} {}

  /// The next record's head, and its body where that is wanted; nothing at the end or at damage.
  std::optional<Head> next(std::string* body) {
    std::string prefix(kPrefixBytes, '\0');
    if (!in_.read(prefix.data(), kPrefixBytes)) {
      torn_ = in_.gcount() > 0;
      return std::nullopt;
    }
    ByteReader numbers{as_bytes(prefix)};
    const std::uint32_t magic = numbers.u32();
    const std::uint32_t head_bytes = numbers.u32();
    const std::uint32_t body_bytes = numbers.u32();
    const std::uint32_t crc = numbers.u32();
    torn_ = true;
    if (magic != kMagic || head_bytes > kMaxHead || body_bytes > kMaxBody) {
      return std::nullopt;
    }
    std::string bytes(std::size_t{head_bytes} + body_bytes, '\0');
    if (!in_.read(bytes.data(), static_cast<std::streamsize>(bytes.size())) ||
        crc32c(0, bytes) != crc) {
      return std::nullopt;
    }
    auto head = read_head(std::string_view{bytes}.substr(0, head_bytes));
    if (!head) {
      return std::nullopt;
    }
    torn_ = false;
    good_ += kPrefixBytes + bytes.size();
    if (body != nullptr) {
      *body = bytes.substr(head_bytes);
    }
    return head;
  }

  /// Bytes up to the end of the last good record.
  [[nodiscard]] std::uint64_t good() const { return good_; }
  /// Whether something follows that is no whole record.
  [[nodiscard]] bool torn() const { return torn_; }

 private:
  std::ifstream in_;
  std::uint64_t good_ = 0;
  bool torn_ = false;
};

}  // namespace

bool SequenceSet::contains(std::uint64_t sequence) const {
  auto after = ranges_.upper_bound(sequence);
  return after != ranges_.begin() && std::prev(after)->second >= sequence;
}

void SequenceSet::insert(std::uint64_t first, std::uint64_t last) {
  auto next = ranges_.upper_bound(first);
  if (next != ranges_.begin()) {
    const auto before = std::prev(next);
    if (before->second + 1 >= first) {
      first = before->first;
      last = std::max(last, before->second);
      next = ranges_.erase(before);
    }
  }
  while (next != ranges_.end() && next->first <= last + 1) {
    last = std::max(last, next->second);
    next = ranges_.erase(next);
  }
  ranges_.emplace(first, last);
}

std::uint64_t SequenceSet::count() const {
  std::uint64_t sum = 0;
  for (const auto& [first, last] : ranges_) {
    sum += last - first + 1;
  }
  return sum;
}

struct TraceSegments::Impl {
  explicit Impl(std::string its_folder) : folder{std::move(its_folder)} {}
  ~Impl() { close(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  using Key = std::pair<std::string, std::uint64_t>;

  void close() {
    if (fd >= 0) {
      ::close(fd);
      fd = -1;
    }
  }

  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator{folder, error}) {
      if (entry.path().extension() == ".seg") {
        names.push_back(entry.path().string());
      }
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<void> recover() {
    for (const std::string& path : files()) {
      SegmentFile file{path};
      while (const auto head = file.next(nullptr)) {
        SequenceSet& set = kept[{head->probe, head->boot}];
        for (const auto& [first, last] : head->sequences.ranges()) {
          set.insert(first, last);
        }
      }
      bytes += file.good();
      if (file.torn() && ::truncate(path.c_str(), static_cast<off_t>(file.good())) != 0) {
        return unexpected{system_error(path, "its torn tail cannot be cut off")};
      }
    }
    return {};
  }

  Result<void> open_file(TimePoint received) {
    const std::string path = folder + "/" + file_name(received);
    if (fd >= 0 && path == open_path) {
      return {};
    }
    if (auto committed = commit(); !committed) {
      return committed;
    }
    close();
    fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (fd < 0) {
      return unexpected{system_error(path, "cannot be opened")};
    }
    open_path = path;
    struct stat status {};
    ::fstat(fd, &status);
    committed_size = static_cast<std::uint64_t>(status.st_size);
    written_size = committed_size;
    // The new name has to survive a crash as well.
    const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0) {
      ::fsync(directory);
      ::close(directory);
    }
    return {};
  }

  Result<void> write(std::string_view record) {
    while (!record.empty()) {
      const ssize_t written = ::write(fd, record.data(), record.size());
      if (written < 0 && errno == EINTR) {
        continue;
      }
      if (written <= 0) {
        const Error error = system_error(open_path, "cannot be written");
        roll_back();
        return unexpected{error};
      }
      written_size += static_cast<std::uint64_t>(written);
      record.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  /// Takes back what was appended since the last commit.
  void roll_back() {
    if (fd >= 0 && ::ftruncate(fd, static_cast<off_t>(committed_size)) != 0) {
      close();  // recovery cuts it off
    }
    written_size = committed_size;
    pending.clear();
  }

  Result<void> commit() {
    if (pending.empty()) {
      return {};
    }
    if (::fdatasync(fd) != 0) {
      const Error error = system_error(open_path, "cannot be brought to the disk");
      roll_back();
      return unexpected{error};
    }
    bytes += written_size - committed_size;
    committed_size = written_size;
    for (auto& [key, set] : pending) {
      for (const auto& [first, last] : set.ranges()) {
        kept[key].insert(first, last);
      }
    }
    pending.clear();
    return {};
  }

  [[nodiscard]] bool is_known(const Key& key, std::uint64_t sequence) const {
    const auto in_kept = kept.find(key);
    if (in_kept != kept.end() && in_kept->second.contains(sequence)) {
      return true;
    }
    const auto in_pending = pending.find(key);
    return in_pending != pending.end() && in_pending->second.contains(sequence);
  }

  std::string folder;
  std::map<Key, SequenceSet> kept;
  std::map<Key, SequenceSet> pending;
  BatchEncoder encoder;
  std::string open_path;
  int fd = -1;
  std::uint64_t committed_size = 0;
  std::uint64_t written_size = 0;
  std::uint64_t bytes = 0;
};

TraceSegments::TraceSegments(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
TraceSegments::~TraceSegments() = default;
TraceSegments::TraceSegments(TraceSegments&&) noexcept = default;
TraceSegments& TraceSegments::operator=(TraceSegments&&) noexcept = default;

Result<TraceSegments> TraceSegments::open(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return fail(folder + ": cannot be made: " + error.message());
  }
  auto impl = std::make_unique<Impl>(folder);
  if (auto recovered = impl->recover(); !recovered) {
    return unexpected{recovered.error()};
  }
  return TraceSegments{std::move(impl)};
}

Result<std::uint32_t> TraceSegments::append(const ResultBatch& batch, TimePoint received) {
  const Impl::Key key{batch.probe, batch.boot};
  Head head{.received = received, .probe = batch.probe, .boot = batch.boot};
  ResultBatch fresh{.probe = batch.probe,
                    .boot = batch.boot,
                    .software = batch.software,
                    .clock_offset = batch.clock_offset};
  for (const SequencedTraceroute& each : batch.traces) {
    if (!impl_->is_known(key, each.sequence) && !head.sequences.contains(each.sequence)) {
      head.sequences.insert(each.sequence);
      fresh.traces.push_back(each);
    }
  }
  const auto duplicates = static_cast<std::uint32_t>(batch.traces.size() - fresh.traces.size());
  if (fresh.traces.empty()) {
    return duplicates;
  }
  if (auto opened = impl_->open_file(received); !opened) {
    return unexpected{opened.error()};
  }
  const std::string content = write_head(head);
  const std::string body = impl_->encoder.encode(fresh);
  ByteWriter prefix;
  prefix.u32(kMagic);
  prefix.u32(static_cast<std::uint32_t>(content.size()));
  prefix.u32(static_cast<std::uint32_t>(body.size()));
  prefix.u32(crc32c(crc32c(0, content), body));
  if (auto written = impl_->write(std::string{as_text(prefix.view())} + content + body); !written) {
    return unexpected{written.error()};
  }
  for (const auto& [first, last] : head.sequences.ranges()) {
    impl_->pending[key].insert(first, last);
  }
  return duplicates;
}

Result<void> TraceSegments::commit() {
  return impl_->commit();
}

std::size_t TraceSegments::expire(TimePoint time) {
  std::size_t count = 0;
  const std::string first_kept = file_name(time);
  for (const std::string& path : impl_->files()) {
    const std::string name = std::filesystem::path{path}.filename().string();
    if (name < first_kept && path != impl_->open_path && ::unlink(path.c_str()) == 0) {
      ++count;
    }
  }
  return count;
}

Result<void> TraceSegments::read(TimePoint from,
                                 const std::function<void(const KeptBatch&)>& each) const {
  BatchDecoder decoder;
  const std::string first_file = file_name(from);
  std::string damaged;
  for (const std::string& path : impl_->files()) {
    if (std::filesystem::path{path}.filename().string() < first_file) {
      continue;
    }
    SegmentFile file{path};
    std::string body;
    while (const auto head = file.next(&body)) {
      if (head->received < from) {
        continue;
      }
      auto results = decoder.decode(as_bytes(body));
      if (!results) {
        damaged = path + ": " + results.error().message;
        break;
      }
      each({head->received, std::move(*results)});
    }
    if (file.torn()) {
      damaged = path + ": a record is damaged";
    }
  }
  return damaged.empty() ? Result<void>{} : fail(damaged);
}

const std::map<std::pair<std::string, std::uint64_t>, SequenceSet>& TraceSegments::kept() const {
  return impl_->kept;
}

std::uint64_t TraceSegments::bytes() const {
  return impl_->bytes;
}

}  // namespace isthmus::collector
