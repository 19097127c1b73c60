#include "collector/label/mmdb_origins.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include <maxminddb.h>

namespace isthmus::collector {
namespace {

/// A database opened from memory: the library wants a file, so it gets one that has no name.
class Database {
 public:
  explicit Database(std::string_view bytes) {
    file_ = memfd_create("mmdb", MFD_CLOEXEC);
    if (file_ < 0 || !write_all(bytes)) {
      return;
    }
    const std::string path = "/proc/self/fd/" + std::to_string(file_);
    open_ = MMDB_open(path.c_str(), MMDB_MODE_MMAP, &handle_) == MMDB_SUCCESS;
  }
  ~Database() {
    if (open_) {
      MMDB_close(&handle_);
    }
    if (file_ >= 0) {
      close(file_);
    }
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  [[nodiscard]] bool ok() const { return open_; }
  [[nodiscard]] const MMDB_s* handle() const { return &handle_; }

 private:
  [[nodiscard]] bool write_all(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t written = write(file_, bytes.data(), bytes.size());
      if (written <= 0) {
        return false;
      }
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }

  int file_ = -1;
  bool open_ = false;
  MMDB_s handle_{};
};

std::optional<Asn> read_asn(MMDB_entry_s entry) {
  MMDB_entry_data_s value{};
  if (MMDB_get_value(&entry, &value, "autonomous_system_number", nullptr) == MMDB_SUCCESS &&
      value.has_data && value.type == MMDB_DATA_TYPE_UINT32) {
    return Asn{value.uint32};
  }
  if (MMDB_get_value(&entry, &value, "asn", nullptr) == MMDB_SUCCESS && value.has_data &&
      value.type == MMDB_DATA_TYPE_UTF8_STRING) {
    return Asn::parse({value.utf8_string, value.data_size});
  }
  return std::nullopt;
}

/// Goes through the search tree; each node once, so that no made-up tree takes longer than its
/// size.
class Walk {
 public:
  Walk(const MMDB_s* database, OriginTableBuilder& table, LineAccount& account)
      : database_{database},
        table_{table},
        account_{account},
        seen_(database->metadata.node_count, false) {}

  void run();

 private:
  struct Place {
    std::uint32_t node = 0;
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    unsigned depth = 0;
    bool v4 = false;
  };

  [[nodiscard]] std::optional<std::uint32_t> find_v4() const;
  void descend(Place start);
  void take(const Place& place, std::uint8_t type, MMDB_entry_s entry);

  const MMDB_s* database_;
  OriginTableBuilder& table_;
  LineAccount& account_;
  std::vector<bool> seen_;
  std::vector<Place> open_;
};

/// The node of ::/96, under which IPv4 stands in a database of both families.
std::optional<std::uint32_t> Walk::find_v4() const {
  constexpr unsigned kDepth = 96;
  std::uint32_t node = 0;
  for (unsigned i = 0; i < kDepth; ++i) {
    MMDB_search_node_s found{};
    if (MMDB_read_node(database_, node, &found) != MMDB_SUCCESS ||
        found.left_record_type != MMDB_RECORD_TYPE_SEARCH_NODE) {
      return std::nullopt;
    }
    node = static_cast<std::uint32_t>(found.left_record);
  }
  return node;
}

void Walk::take(const Place& place, std::uint8_t type, MMDB_entry_s entry) {
  if (type != MMDB_RECORD_TYPE_DATA) {
    return;
  }
  ++account_.lines;
  const auto asn = read_asn(entry);
  if (!asn || place.depth == 0) {
    ++account_.passed;
    return;
  }
  ++account_.used;
  const IpAddress address = place.v4 ? IpAddress::v4(static_cast<std::uint32_t>(place.high >> 32))
                                     : IpAddress::v6(place.high, place.low);
  table_.add(Prefix::covering(address, place.depth), *asn);
}

void Walk::descend(Place start) {
  open_.assign(1, start);
  while (!open_.empty()) {
    const Place place = open_.back();
    open_.pop_back();
    const unsigned bits = place.v4 ? 32 : 128;
    if (place.depth >= bits || place.node >= seen_.size() || seen_[place.node]) {
      continue;
    }
    seen_[place.node] = true;
    MMDB_search_node_s node{};
    if (MMDB_read_node(database_, place.node, &node) != MMDB_SUCCESS) {
      ++account_.lines;
      account_.refuse("a node of the search tree is damaged");
      continue;
    }
    Place left = place;
    left.depth = place.depth + 1;
    Place right = left;
    (place.depth < 64 ? right.high : right.low) |= std::uint64_t{1} << (63 - place.depth % 64);
    left.node = static_cast<std::uint32_t>(node.left_record);
    right.node = static_cast<std::uint32_t>(node.right_record);
    if (node.left_record_type == MMDB_RECORD_TYPE_SEARCH_NODE) {
      open_.push_back(left);
    }
    if (node.right_record_type == MMDB_RECORD_TYPE_SEARCH_NODE) {
      open_.push_back(right);
    }
    take(left, node.left_record_type, node.left_record_entry);
    take(right, node.right_record_type, node.right_record_entry);
  }
}

void Walk::run() {
  const bool v4_only = database_->metadata.ip_version == 4;
  if (v4_only) {
    descend({.v4 = true});
    return;
  }
  // IPv4 first: other places of the tree point to it, as 2002::/16 does.
  if (const auto node = find_v4()) {
    descend({.node = *node, .v4 = true});
  }
  descend({});
}

}  // namespace

LineAccount parse_mmdb(std::string_view file, OriginTableBuilder& table) {
  LineAccount account;
  account.bytes = file.size();
  const Database database{file};
  if (!database.ok()) {
    account.lines = 1;
    account.refuse("is no MaxMind database, or a damaged one");
    return account;
  }
  Walk{database.handle(), table, account}.run();
  return account;
}

}  // namespace isthmus::collector
