#include "probe/output/network_names.hpp"

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include <zlib.h>

namespace isthmus::probe {
namespace {

/// A whole file, unpacked if it is gzipped.
Result<std::string> read_file(const std::string& path) {
  errno = 0;
  const std::unique_ptr<gzFile_s, decltype(&gzclose)> file{gzopen(path.c_str(), "rb"), &gzclose};
  if (!file) {
    return fail(path + ": cannot be read: " + std::strerror(errno != 0 ? errno : ENOMEM));
  }
  std::string text;
  std::vector<char> chunk(std::size_t{1} << 18);
  int count = 0;
  while ((count = gzread(file.get(), chunk.data(), static_cast<unsigned>(chunk.size()))) > 0) {
    text.append(chunk.data(), static_cast<std::size_t>(count));
  }
  // A damaged end shows only here: what came before it is no whole table.
  int status = Z_OK;
  const char* const why = gzerror(file.get(), &status);
  if (count < 0 || (status != Z_OK && status != Z_STREAM_END)) {
    return fail(path + ": cannot be read: " +
                (status == Z_ERRNO ? std::strerror(errno) : std::string{why}));
  }
  return text;
}

LineAccount parse_table(std::string_view text, OriginTableBuilder& table) {
  LineAccount unused;
  LineReader lines{text, unused};
  auto line = lines.next();
  while (line && is_comment(*line)) {
    line = lines.next();
  }
  const std::string_view first = line.value_or("");
  const std::size_t tab = first.find('\t');
  const std::string_view second =
      tab == std::string_view::npos ? std::string_view{} : first.substr(tab + 1);
  if (second.find('\t') < 4 && second.find_first_of(".:") > second.find('\t')) {
    return parse_pfx2as(text, table);
  }
  return first.find('/') < first.find(',') ? parse_overrides(text, table)
                                           : parse_origin_csv(text, table);
}

/// An error if a file says nothing at all.
Result<bool> check(const std::string& path, const LineAccount& account) {
  if (account.used != 0) {
    return true;
  }
  const std::string why = account.first_errors.empty() ? std::string{"holds nothing"}
                                                       : account.first_errors.front().message;
  return fail(path + ": " + why);
}

}  // namespace

std::vector<Asn> NetworkNames::origins(const IpAddress& address) const {
  const auto match = origins_.longest_match(address);
  return match ? std::vector<Asn>{match->origins.begin(), match->origins.end()}
               : std::vector<Asn>{};
}

std::string NetworkNames::describe(const IpAddress& address) const {
  const std::vector<Asn> found = origins(address);
  std::string text;
  for (const Asn asn : found) {
    text += (text.empty() ? "AS" : " AS") + std::to_string(asn.value);
  }
  if (found.size() == 1) {
    if (const std::string_view name = names_.find(found.front()); !name.empty()) {
      text += ' ';
      text += name;
    }
  }
  return text;
}

Result<LoadedNames> load_network_names(const std::string& origins_path,
                                       const std::string& names_path) {
  const auto table_text = read_file(origins_path);
  if (!table_text) {
    return unexpected{table_text.error()};
  }
  OriginTableBuilder builder;
  LineAccount origins = parse_table(*table_text, builder);
  if (const auto usable = check(origins_path, origins); !usable) {
    return unexpected{usable.error()};
  }
  auto table = builder.build();
  if (!table) {
    return unexpected{table.error().within(origins_path)};
  }
  AsNamesBuilder names;
  LineAccount as_names;
  if (!names_path.empty()) {
    const auto names_text = read_file(names_path);
    if (!names_text) {
      return unexpected{names_text.error()};
    }
    as_names = names.add(*names_text);
    if (const auto usable = check(names_path, as_names); !usable) {
      return unexpected{usable.error()};
    }
  }
  return LoadedNames{NetworkNames{std::move(*table), names.build()}, std::move(origins),
                     std::move(as_names)};
}

}  // namespace isthmus::probe
