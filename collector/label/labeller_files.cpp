#include "collector/label/labeller_files.hpp"

#include <array>
#include <cstddef>
#include <functional>
#include <span>
#include <utility>

#include <openssl/evp.h>

#include "collector/feed/input.hpp"
#include "collector/label/mmdb_origins.hpp"
#include "collector/label/rib_origins.hpp"
#include "core/base/bytes.hpp"
#include "core/base/time.hpp"

namespace isthmus::collector {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 31;
constexpr std::size_t kVersionBytes = 6;

Result<std::string> read_all(const std::string& path) {
  auto input = open_input(path);
  if (!input) {
    return unexpected{input.error().within(path)};
  }
  std::string text;
  for (;;) {
    const auto chunk = (*input)->next();
    if (!chunk) {
      return unexpected{chunk.error().within(path)};
    }
    if (chunk->empty()) {
      return text;
    }
    if (text.size() + chunk->size() > kMostBytes) {
      return fail(path + ": more than 2 GiB");
    }
    text += as_text(*chunk);
  }
}

Result<std::string> digest_version(std::string_view text) {
  std::array<std::byte, EVP_MAX_MD_SIZE> digest{};
  if (EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr,
                 EVP_sha256(), nullptr) != 1) {
    return fail("OpenSSL has no SHA-256");
  }
  return "sha256:" + to_hex(Bytes{digest}.first(kVersionBytes));
}

/// Reads files of one kind into something and gives their joint version.
class FileReader {
 public:
  explicit FileReader(std::vector<LabelFileReport>* reports) : reports_{reports} {}

  using Parse = std::function<LineAccount(std::string_view)>;

  Result<std::string> read(std::span<const std::string> paths, const Parse& parse) {
    std::string versions;
    for (const std::string& path : paths) {
      const auto text = read_all(path);
      if (!text) {
        return unexpected{text.error()};
      }
      auto version = digest_version(*text);
      if (!version) {
        return version;
      }
      LineAccount account = parse(*text);
      if (account.used == 0 && account.lossy()) {
        return unexpected{account.first_errors.front().within(path)};
      }
      versions += versions.empty() ? "" : "+";
      versions += *version;
      if (reports_ != nullptr) {
        reports_->push_back({path, std::move(*version), std::move(account)});
      }
    }
    return versions;
  }

 private:
  std::vector<LabelFileReport>* reports_;
};

using ParseTable = LineAccount (*)(std::string_view, OriginTableBuilder&);

Result<void> load_table(FileReader& reader, std::span<const std::string> paths, LabelSource source,
                        ParseTable parse, Labeller& labeller) {
  if (paths.empty()) {
    return {};
  }
  OriginTableBuilder builder;
  const auto version =
      reader.read(paths, [&](std::string_view text) { return parse(text, builder); });
  if (!version) {
    return unexpected{version.error()};
  }
  auto table = builder.build();
  if (!table) {
    return unexpected{table.error().within(to_string(source))};
  }
  labeller.set_table(source, std::move(*table), *version);
  return {};
}

Result<void> load_dump(RouteSource& dump, Labeller& labeller) {
  RibOrigins origins;
  while (const Route* route = dump.next()) {
    origins.add(*route);
  }
  if (origins.votes() == 0) {
    return fail("the table dump has no route that names an origin");
  }
  OriginTableBuilder builder;
  origins.move_into(builder);
  auto table = builder.build();
  if (!table) {
    return unexpected{table.error().within("table dump")};
  }
  labeller.set_table(LabelSource::Mrt, std::move(*table), format_utc(origins.newest()));
  return {};
}

Result<void> load_names(FileReader& reader, std::span<const std::string> paths,
                        Labeller& labeller) {
  if (paths.empty()) {
    return {};
  }
  AsNamesBuilder names;
  const auto version = reader.read(paths, [&](std::string_view text) { return names.add(text); });
  if (!version) {
    return unexpected{version.error()};
  }
  labeller.set_names(names.build(), *version);
  return {};
}

/// The versions of several kinds of files as one, as '+' joins those of one kind.
void join(std::string& versions, const std::string& version) {
  versions += versions.empty() || version.empty() ? "" : "+";
  versions += version;
}

/// A kind of files that build one thing together with other kinds.
struct Part {
  std::span<const std::string> paths;
  FileReader::Parse parse;
};

Result<std::string> read_parts(FileReader& reader, std::span<const Part> parts) {
  std::string versions;
  for (const Part& part : parts) {
    const auto version = reader.read(part.paths, part.parse);
    if (!version) {
      return version;
    }
    join(versions, *version);
  }
  return versions;
}

Result<void> load_mmdb(FileReader& reader, std::span<const std::string> paths, Labeller& labeller) {
  if (paths.empty()) {
    return {};
  }
  OriginTableBuilder builder;
  const auto version =
      reader.read(paths, [&](std::string_view text) { return parse_mmdb(text, builder); });
  if (!version) {
    return unexpected{version.error()};
  }
  auto table = builder.build();
  if (!table) {
    return unexpected{table.error().within("mmdb")};
  }
  labeller.set_table(LabelSource::Mmdb, std::move(*table), *version);
  return {};
}

Result<void> load_ixps(FileReader& reader, std::span<const std::string> paths, Labeller& labeller) {
  if (paths.empty()) {
    return {};
  }
  IxpTableBuilder builder;
  const auto version = reader.read(paths, [&](std::string_view text) { return builder.add(text); });
  if (!version) {
    return unexpected{version.error()};
  }
  auto table = builder.build();
  if (!table) {
    return unexpected{table.error()};
  }
  labeller.set_ixps(std::move(*table), *version);
  return {};
}

Result<void> load_registrations(FileReader& reader, const LabelFiles& files, Labeller& labeller) {
  RegisteredSpaceBuilder builder;
  const std::array parts{
      Part{files.delegated, [&](std::string_view text) { return builder.add_delegated(text); }},
      Part{files.countries, [&](std::string_view text) { return builder.add_countries(text); }}};
  const auto version = read_parts(reader, parts);
  if (!version) {
    return unexpected{version.error()};
  }
  if (version->empty()) {
    return {};
  }
  auto space = builder.build();
  if (!space) {
    return unexpected{space.error()};
  }
  labeller.set_registrations(std::move(*space), *version);
  return {};
}

Result<void> load_relations(FileReader& reader, const LabelFiles& files, Labeller& labeller) {
  AsRelationsBuilder builder;
  const std::array parts{
      Part{files.as_relationships,
           [&](std::string_view text) { return builder.add_relationships(text); }},
      Part{files.as_cones, [&](std::string_view text) { return builder.add_cones(text); }},
      Part{files.as_organisations,
           [&](std::string_view text) { return builder.add_organisations(text); }},
      Part{files.siblings, [&](std::string_view text) { return builder.add_siblings(text); }}};
  const auto version = read_parts(reader, parts);
  if (!version) {
    return unexpected{version.error()};
  }
  if (!version->empty()) {
    labeller.set_relations(builder.build(), *version);
  }
  return {};
}

}  // namespace

Result<Labeller> load_labeller(const LabelFiles& files, RouteSource* table_dump,
                               std::vector<LabelFileReport>* reports) {
  Labeller labeller;
  FileReader reader{reports};
  auto done = load_table(reader, files.overrides, LabelSource::Override, parse_overrides, labeller);
  if (done && table_dump != nullptr) {
    done = load_dump(*table_dump, labeller);
  }
  if (done) {
    done = load_table(reader, files.pfx2as, LabelSource::Pfx2as, parse_pfx2as, labeller);
  }
  if (done) {
    done = load_table(reader, files.csv, LabelSource::Csv, parse_origin_csv, labeller);
  }
  if (done) {
    done = load_names(reader, files.as_names, labeller);
  }
  if (done) {
    done = load_mmdb(reader, files.mmdb, labeller);
  }
  if (done) {
    done = load_ixps(reader, files.ixps, labeller);
  }
  if (done) {
    done = load_registrations(reader, files, labeller);
  }
  if (done) {
    done = load_relations(reader, files, labeller);
  }
  if (!done) {
    return unexpected{done.error()};
  }
  return labeller;
}

}  // namespace isthmus::collector
