#include "core/runtime/journal_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <isa-l/crc.h>

namespace isthmus {
namespace {

constexpr std::size_t kReadStep = std::size_t{1} << 20;
constexpr mode_t kMode = 0640;

tl::unexpected<Error> system_failure(const std::string& what) {
  return fail(what + ": " + std::system_category().message(errno));
}

/// Appends the frame of a record: length, and the sum over length and payload.
void append_frame(std::string& buffer, Bytes payload) {
  ByteWriter frame;
  frame.u32(static_cast<std::uint32_t>(payload.size()));
  frame.u32(crc32c(payload, crc32c(frame.view())));
  buffer += as_text(frame.view());
  buffer += as_text(payload);
}

Result<void> write_at(int file, std::string_view bytes, std::uint64_t offset,
                      const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return system_failure("cannot write " + path);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

/// Reads until `size` bytes are there or the file ends.
Result<std::size_t> read_at(int file, char* into, std::size_t size, std::uint64_t offset,
                            const std::string& path) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count =
        ::pread(file, into + done, size - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return system_failure("cannot read " + path);
    }
    if (count == 0) {
      break;
    }
    done += static_cast<std::size_t>(count);
  }
  return done;
}

/// The payload of the record at the front of some bytes, if it is whole and good.
struct Parsed {
  bool whole = false;
  std::size_t wants = 0;  ///< bytes of the record as far as is known
  Bytes payload;
};

Parsed parse_record(Bytes bytes) {
  if (bytes.size() < JournalFile::kOverhead) {
    return {.wants = JournalFile::kOverhead};
  }
  ByteReader reader{bytes};
  const std::uint32_t length = reader.u32();
  const std::uint32_t sum = reader.u32();
  if (length > JournalFile::kMaxRecord) {
    return {};
  }
  if (reader.size() < length) {
    return {.wants = JournalFile::kOverhead + length};
  }
  const Bytes payload = reader.take(length);
  if (crc32c(payload, crc32c(bytes.first(4))) != sum) {
    return {};
  }
  return {.whole = true, .wants = JournalFile::kOverhead + length, .payload = payload};
}

}  // namespace

FileHandle::~FileHandle() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

std::uint32_t crc32c(Bytes bytes, std::uint32_t before) {
  constexpr std::size_t kMost = std::size_t{1} << 30;
  std::uint32_t sum = ~before;
  while (!bytes.empty()) {
    const Bytes part = bytes.first(std::min(bytes.size(), kMost));
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-*): ISA-L reads only, but does not say so
    auto* const data =
        const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(part.data()));
    sum = crc32_iscsi(data, static_cast<int>(part.size()), sum);
    bytes = bytes.subspan(part.size());
  }
  return ~sum;
}

Result<JournalFile> JournalFile::create(const std::string& path, std::string_view head) {
  JournalFile journal;
  journal.file_ =
      FileHandle{::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kMode)};
  if (!journal.is_open()) {
    return system_failure("cannot make " + path);
  }
  journal.path_ = path;
  journal.first_offset_ = journal.size_ = head.size();
  auto done = write_at(journal.file_.get(), head, 0, path);
  if (done) {
    done = journal.sync();
  }
  if (done) {
    done = sync_folder(std::filesystem::path{path}.parent_path().string());
  }
  if (!done) {
    ::unlink(path.c_str());
    return unexpected{done.error()};
  }
  return journal;
}

Result<JournalFile> JournalFile::open_existing(const std::string& path, std::string_view head,
                                               int flags) {
  JournalFile journal;
  journal.file_ = FileHandle{::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW)};
  if (!journal.is_open()) {
    return system_failure("cannot open " + path);
  }
  struct stat status {};
  if (::fstat(journal.file_.get(), &status) != 0) {
    return system_failure("cannot look at " + path);
  }
  journal.path_ = path;
  std::string found(head.size(), '\0');
  const auto count = read_at(journal.file_.get(), found.data(), found.size(), 0, path);
  if (!count) {
    return unexpected{count.error()};
  }
  if (*count != head.size() || found != head) {
    return fail(path + ": the head of the file is not what it should be");
  }
  journal.first_offset_ = head.size();
  journal.size_ = static_cast<std::uint64_t>(status.st_size);
  return journal;
}

Result<JournalFile> JournalFile::open_to_read(const std::string& path, std::string_view head) {
  return open_existing(path, head, O_RDONLY);
}

Result<JournalFile> JournalFile::open(const std::string& path, std::string_view head,
                                      const Visit& visit, JournalScan& scan) {
  auto journal = open_existing(path, head, O_RDWR);
  if (!journal) {
    return journal;
  }
  scan = {};
  const auto end =
      journal->scan(journal->first_offset_, journal->size_, [&](const JournalRecord& record) {
        ++scan.records;
        visit(record);
      });
  if (!end) {
    return unexpected{end.error()};
  }
  scan.bytes = *end;
  scan.torn_bytes = journal->size_ - *end;
  if (scan.torn_bytes > 0) {
    if (auto cut = journal->truncate(*end); !cut) {
      return unexpected{cut.error()};
    }
    if (auto synced = journal->sync(); !synced) {
      return unexpected{synced.error()};
    }
  }
  return journal;
}

Result<std::uint64_t> JournalFile::append(Bytes payload) {
  return append(std::vector<Bytes>{payload}).map([](const std::vector<std::uint64_t>& offsets) {
    return offsets.front();
  });
}

Result<std::vector<std::uint64_t>> JournalFile::append(const std::vector<Bytes>& payloads) {
  std::string buffer;
  std::vector<std::uint64_t> offsets;
  offsets.reserve(payloads.size());
  for (const Bytes payload : payloads) {
    if (payload.size() > kMaxRecord) {
      return fail("a record of " + std::to_string(payload.size()) + " bytes is too long");
    }
    offsets.push_back(size_ + buffer.size());
    append_frame(buffer, payload);
  }
  if (auto written = write_at(file_.get(), buffer, size_, path_); !written) {
    // What is left of a half-written record has no whole frame: if it cannot be cut off now, the
    // next one overwrites it, and the next opening cuts it off.
    static_cast<void>(truncate(size_));
    return unexpected{written.error()};
  }
  size_ += buffer.size();
  return offsets;
}

Result<void> JournalFile::sync() {
  if (::fdatasync(file_.get()) != 0) {
    return system_failure("cannot bring " + path_ + " to the disk");
  }
  return {};
}

Result<void> JournalFile::truncate(std::uint64_t size) {
  if (::ftruncate(file_.get(), static_cast<off_t>(size)) != 0) {
    return system_failure("cannot shorten " + path_);
  }
  size_ = size;
  return {};
}

Result<std::string> JournalFile::read(std::uint64_t offset) const {
  std::array<char, kOverhead> frame{};
  auto count = read_at(file_.get(), frame.data(), frame.size(), offset, path_);
  if (!count) {
    return unexpected{count.error()};
  }
  const std::string place = path_ + ": byte " + std::to_string(offset);
  if (*count != frame.size()) {
    return fail(place + ": the file ends here");
  }
  const std::size_t length = ByteReader{as_bytes({frame.data(), frame.size()})}.u32();
  if (length > kMaxRecord) {
    return fail(place + ": no record begins here");
  }
  std::string record(kOverhead + length, '\0');
  count = read_at(file_.get(), record.data(), record.size(), offset, path_);
  if (!count) {
    return unexpected{count.error()};
  }
  if (*count != record.size() || !parse_record(as_bytes(record)).whole) {
    return fail(place + ": the record is damaged");
  }
  record.erase(0, kOverhead);
  return record;
}

Result<std::uint64_t> JournalFile::scan(std::uint64_t from, std::uint64_t to,
                                        const Visit& visit) const {
  std::string buffer;
  std::size_t used = 0;   // bytes of the buffer that were visited
  std::size_t known = 0;  // bytes of the buffer that were read
  std::uint64_t offset = from;
  while (offset < to) {
    const Parsed record = parse_record(as_bytes({buffer.data() + used, known - used}));
    if (record.whole) {
      visit({.offset = offset, .payload = record.payload});
      used += record.wants;
      offset += record.wants;
      continue;
    }
    const std::uint64_t unread = to - offset - (known - used);
    if (record.wants == 0 || record.wants > to - offset || unread == 0) {
      break;
    }
    buffer.erase(0, used);
    known -= used;
    used = 0;
    const auto more = static_cast<std::size_t>(
        std::min<std::uint64_t>(unread, std::max(kReadStep, record.wants)));
    buffer.resize(known + more);
    const auto count = read_at(file_.get(), buffer.data() + known, more, offset + known, path_);
    if (!count) {
      return unexpected{count.error()};
    }
    if (*count == 0) {
      break;
    }
    known += *count;
  }
  return offset;
}

Result<void> sync_folder(const std::string& folder) {
  const std::string name = folder.empty() ? "." : folder;
  const FileHandle handle{::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!handle.is_open() || ::fsync(handle.get()) != 0) {
    return system_failure("cannot bring the folder " + name + " to the disk");
  }
  return {};
}

Result<void> write_file_atomically(const std::string& path, std::string_view content) {
  const std::string draft = path + ".new";
  const FileHandle file{
      ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kMode)};
  if (!file.is_open()) {
    return system_failure("cannot make " + draft);
  }
  auto done = write_at(file.get(), content, 0, draft);
  if (done && ::fdatasync(file.get()) != 0) {
    done = system_failure("cannot bring " + draft + " to the disk");
  }
  if (done && ::rename(draft.c_str(), path.c_str()) != 0) {
    done = system_failure("cannot rename " + draft);
  }
  if (!done) {
    ::unlink(draft.c_str());
    return done;
  }
  return sync_folder(std::filesystem::path{path}.parent_path().string());
}

Result<std::string> read_small_file(const std::string& path, std::size_t limit) {
  const FileHandle file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file.is_open()) {
    return system_failure("cannot open " + path);
  }
  std::string content(limit + 1, '\0');
  const auto count = read_at(file.get(), content.data(), content.size(), 0, path);
  if (!count) {
    return unexpected{count.error()};
  }
  if (*count > limit) {
    return fail(path + ": longer than " + std::to_string(limit) + " bytes");
  }
  content.resize(*count);
  return content;
}

}  // namespace isthmus
