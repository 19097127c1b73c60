#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/base/time.hpp"
#include "core/net/address.hpp"
#include "core/net/asn.hpp"
#include "core/net/prefix.hpp"

namespace isthmus {

class TomlTable;

/// A TOML file that is read by asking for keys. Whatever is wrong with a value is written down with
/// its place, "file:line:column: message", and reading goes on, so that one look at a file finds
/// all of its errors; keys that nobody asked for are errors too. Nothing throws.
class TomlDocument {
 public:
  /// A configuration of thousands of targets stays far below; more is a mistake, or an attack.
  static constexpr std::size_t kMaxBytes = std::size_t{4} << 20;
  /// Tables and arrays within each other, and parts of one dotted key.
  static constexpr std::size_t kMaxDepth = 16;
  /// After so many errors only the number of the others is told.
  static constexpr std::size_t kMaxErrors = 50;

  /// Reads a file. What cannot be read, is too large, or is no TOML is the one error returned.
  static Result<TomlDocument> load(const std::string& path);
  /// Reads a text; `name` stands for the file in errors.
  static Result<TomlDocument> parse(std::string_view text, std::string name);

  TomlDocument(TomlDocument&&) noexcept;
  TomlDocument& operator=(TomlDocument&&) noexcept;
  TomlDocument(const TomlDocument&) = delete;
  TomlDocument& operator=(const TomlDocument&) = delete;
  ~TomlDocument();

  /// The top of the file. Tables are views: the document must outlive them.
  [[nodiscard]] TomlTable root();
  /// The file's name as it was given.
  [[nodiscard]] const std::string& name() const;
  /// Every error so far and every key that was not asked for (with the nearest one that was), by
  /// place. To be called when everything has been read.
  [[nodiscard]] std::vector<Error> errors() const;
  /// Each key that was asked for, as "table.key", sorted: for tests that compare with documents.
  [[nodiscard]] std::vector<std::string> asked_keys() const;

 private:
  friend class TomlTable;
  struct Impl;
  explicit TomlDocument(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

/// One table of a document. A getter returns nothing (or an empty list) if the key is absent; if
/// its value is of the wrong type or out of bounds, that is written down as an error as well.
class TomlTable {
 public:
  [[nodiscard]] bool has(std::string_view key) const;
  /// Writes down an error unless the key is there.
  bool require(std::string_view key);

  std::optional<std::string> text(std::string_view key);
  std::optional<bool> boolean(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t min, std::int64_t max);
  std::optional<double> number(std::string_view key, double min, double max);
  /// "90s", "1h30m"; never negative.
  std::optional<Duration> duration(std::string_view key);
  /// A TOML date-time with an offset, or a text that `parse_utc` reads.
  std::optional<TimePoint> time(std::string_view key);
  /// 131279, "AS131279" or "2.207".
  std::optional<Asn> asn(std::string_view key);
  std::optional<IpAddress> address(std::string_view key);

  std::vector<std::string> texts(std::string_view key);
  std::vector<Asn> asns(std::string_view key);
  std::vector<Prefix> prefixes(std::string_view key);

  std::optional<TomlTable> table(std::string_view key);
  /// An array of tables: [[key]].
  std::vector<TomlTable> tables(std::string_view key);

  /// Writes down an error at a key's value, at one element of a list (counted among those that the
  /// getter returned), or at the table's head.
  void complain(std::string_view key, std::string_view message);
  void complain(std::string_view key, std::size_t index, std::string_view message);
  void complain(std::string_view message);

  /// "detector", "target", "" at the top.
  [[nodiscard]] const std::string& name() const;

 private:
  friend class TomlDocument;
  struct Access;
  TomlTable(TomlDocument::Impl* document, std::size_t index);

  TomlDocument::Impl* document_;
  std::size_t index_;  ///< of this table among those that were opened
};

/// All messages, one a line: for the caller that wants a Result.
Error join_errors(const std::vector<Error>& errors);

}  // namespace isthmus
