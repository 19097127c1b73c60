#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "collector/feed/input.hpp"
#include "collector/feed/live_rib.hpp"
#include "collector/feed/mrt_reader.hpp"
#include "collector/feed/mrt_writer.hpp"
#include "core/base/hash.hpp"

namespace isthmus::collector {
namespace {

/// The file: this line; then for each vantage point its source's length (2 octets), the source,
/// whether it is a witness (1 octet), the length (4 octets) and text of its table as an MRT archive
/// (TABLE_DUMP_V2); then 8 octets of `hash_text` over all before.
constexpr std::string_view kMagic = "isthmus live rib 1\n";
constexpr std::size_t kTail = 8;

Result<void> write_file(const std::string& path, Bytes bytes) {
  const std::string temporary = path + ".new";
  std::FILE* const file = std::fopen(temporary.c_str(), "wb");
  if (file == nullptr) {
    return fail(temporary + ": cannot be written: is its folder there?");
  }
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size() &&
                       std::fflush(file) == 0 && ::fsync(::fileno(file)) == 0;
  if (std::fclose(file) != 0 || !written || std::rename(temporary.c_str(), path.c_str()) != 0) {
    std::remove(temporary.c_str());
    return fail(path + ": cannot be written: is the disk full?");
  }
  return {};
}

void append_table(ByteWriter& out, MrtWriter& writer, const PeerRoutes& routes, TimePoint now) {
  RouteAttributes attributes;
  for (PeerRoutes::Cursor at{routes, Prefix{}}; at.get() != nullptr; at.advance()) {
    if (at.get()->path_id != 0) {
      continue;
    }
    at.get()->path->read(attributes);
    const std::array<MrtWriter::RibEntry, 1> entry{{{0, at.get()->since, &attributes}}};
    // What cannot be written comes back with its session.
    static_cast<void>(writer.rib(now, at.get()->prefix, entry));
    out.bytes(writer.view());
    writer.clear();
  }
}

}  // namespace

Result<void> LiveRib::save(const std::string& path, TimePoint now) const {
  ByteWriter out;
  out.bytes(as_bytes(kMagic));
  for (const auto& [id, peer] : peers_) {
    const PeerRoutes& four = rib_->routes(id, Family::Ipv4);
    const PeerRoutes& six = rib_->routes(id, Family::Ipv6);
    if (four.size() + six.size() == 0) {
      continue;
    }
    const VantagePoint& vantage = *peer.vantage;
    out.u16(static_cast<std::uint16_t>(vantage.source.size()));
    out.bytes(as_bytes(vantage.source));
    out.u8(peer.is_witness ? 1 : 0);
    const std::size_t length_at = out.size();
    out.u32(0);
    MrtWriter writer{ArchiveOwner{.name = "isthmus", .asn = Asn{0}}};
    const std::array<VantagePoint, 1> peers{vantage};
    if (auto result = writer.peer_index_table(now, peers); !result) {
      return result;
    }
    out.bytes(writer.view());
    writer.clear();
    append_table(out, writer, four, now);
    append_table(out, writer, six, now);
    out.patch_u32(length_at, static_cast<std::uint32_t>(out.size() - length_at - 4));
  }
  out.u64(hash_text(as_text(out.view())));
  return write_file(path, out.view());
}

Result<std::size_t> LiveRib::restore(const std::string& path, TimePoint now, RouteBatch& changes) {
  std::ifstream file{path, std::ios::binary};
  if (!file) {
    return std::size_t{0};  // the first start
  }
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (text.size() < kMagic.size() + kTail || !text.starts_with(kMagic)) {
    return fail(path + ": is no saved state of this version; it is left unread");
  }
  const std::string_view content = std::string_view{text}.substr(0, text.size() - kTail);
  if (ByteReader{as_bytes(text).last(kTail)}.u64() != hash_text(content)) {
    return fail(path + ": is damaged: its check sum does not fit; it is left unread");
  }
  std::size_t count = 0;
  ByteReader reader{as_bytes(content.substr(kMagic.size()))};
  while (!reader.empty()) {
    const std::string source{as_text(reader.take(reader.u16()))};
    const bool is_witness = reader.u8() != 0;
    const Bytes archive = reader.take(reader.u32());
    if (!reader.ok()) {
      return fail(path + ": ends in the middle of a table");
    }
    MrtReader::Options options;
    options.source = source;
    MrtReader table{memory_input(archive, archive.size()), path, options};
    std::shared_ptr<const VantagePoint> vantage;
    while (const Route* route = table.next()) {
      if (!vantage) {
        vantage = std::make_shared<const VantagePoint>(*route->vantage);
      }
      PeerId id = AdjRibIn::kNoPeer;
      Peer* const peer = peer_of(vantage, is_witness, id);
      const bool is_watched = options_.watch.matches(route->prefix) ||
                              options_.watch.matches(route->attributes->as_path);
      if (peer == nullptr || (!is_watched && !options_.keep_all)) {
        continue;
      }
      rib_->announce(id, route->prefix, route->path_id, *route->attributes, route->since);
      peer->held_until = now + options_.hold;
      ++count;
      if (is_witness && is_watched) {
        Route known = *route;
        known.time = now;
        changes.add(known, vantage);
      }
    }
  }
  return count;
}

}  // namespace isthmus::collector
