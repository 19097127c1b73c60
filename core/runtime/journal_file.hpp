#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"

namespace isthmus {

/// An open file, closed with its owner.
class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(int descriptor) : descriptor_{descriptor} {}
  FileHandle(FileHandle&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}
  FileHandle& operator=(FileHandle&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;
  ~FileHandle();

  [[nodiscard]] int get() const { return descriptor_; }
  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
};

/// A record as it lies in a journal.
struct JournalRecord {
  std::uint64_t offset = 0;  ///< of the record, by which `JournalFile::read` finds it
  Bytes payload;             ///< valid until the next record is visited
};

/// What opening a journal found in it.
struct JournalScan {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;       ///< that are good: head and whole records
  std::uint64_t torn_bytes = 0;  ///< behind them
};

/// A file of records that are only ever appended: a head of the owner's, then for each record its
/// length, a CRC32C (RFC 3720, appendix B.4) over length and payload, and the payload. A record
/// counts when all of it is there, so a file whose writer was killed, or whose disk was full, is
/// good up to its last whole record.
class JournalFile {
 public:
  /// A record may not be longer: a length beyond is damage.
  static constexpr std::size_t kMaxRecord = std::size_t{64} << 20;
  /// Bytes that a record takes besides its payload.
  static constexpr std::size_t kOverhead = 8;

  using Visit = std::function<void(const JournalRecord&)>;

  /// Makes a new file, which must not exist, with a head; both it and its name are on disk then.
  static Result<JournalFile> create(const std::string& path, std::string_view head);
  /// Opens a file to append to it: visits all of its records, and cuts off what is torn.
  static Result<JournalFile> open(const std::string& path, std::string_view head,
                                  const Visit& visit, JournalScan& scan);
  /// Opens a file to read it; nothing is changed.
  static Result<JournalFile> open_to_read(const std::string& path, std::string_view head);

  JournalFile() = default;

  /// Appends a record and returns where it lies; it may be lost until `sync` has returned. If it
  /// cannot be written the file is as before.
  Result<std::uint64_t> append(Bytes payload);
  /// Appends several with one system call; returns where each lies.
  Result<std::vector<std::uint64_t>> append(const std::vector<Bytes>& payloads);
  /// Returns when all that was appended is on disk.
  Result<void> sync();
  /// Cuts the file back to a size that it had after an `append`.
  Result<void> truncate(std::uint64_t size);

  /// The payload of the record at an offset, checked.
  [[nodiscard]] Result<std::string> read(std::uint64_t offset) const;
  /// Visits the whole records in [from, to), reading much at a time; stops without an error at the
  /// first that is torn or damaged, and returns the offset behind the last that is good.
  Result<std::uint64_t> scan(std::uint64_t from, std::uint64_t to, const Visit& visit) const;

  /// Bytes of the head and of all whole records.
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] bool is_open() const { return file_.is_open(); }
  /// Where the first record lies.
  [[nodiscard]] std::uint64_t first_offset() const { return first_offset_; }

 private:
  static Result<JournalFile> open_existing(const std::string& path, std::string_view head,
                                           int flags);

  FileHandle file_;
  std::string path_;
  std::uint64_t first_offset_ = 0;
  std::uint64_t size_ = 0;
};

/// CRC32C of some bytes, continued from that of the bytes before.
std::uint32_t crc32c(Bytes bytes, std::uint32_t before = 0);

/// Makes the names in a folder durable: files made, renamed and removed.
Result<void> sync_folder(const std::string& folder);

/// Replaces a file whole: its old content or the new one is there, whatever happens.
Result<void> write_file_atomically(const std::string& path, std::string_view content);

/// The content of a file of at most `limit` bytes.
Result<std::string> read_small_file(const std::string& path, std::size_t limit);

}  // namespace isthmus
