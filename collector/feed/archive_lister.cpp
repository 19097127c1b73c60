#include "collector/feed/archive_lister.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include "collector/feed/mrt_record.hpp"

namespace isthmus::collector {

ArchiveLister::ArchiveLister(std::string location, ArchiveLayout layout, ArchiveFetcher* fetcher)
    : location_{std::move(location)},
      layout_{std::move(layout)},
      fetcher_{fetcher} {
  location_ += location_.ends_with('/') ? "" : "/";
}

Task<Result<std::vector<ListedArchive>, FetchTrouble>> ArchiveLister::list(TimePoint from,
                                                                           TimePoint to) {
  std::vector<std::string> folders = layout_.between(from, to);
  if (fetcher_ == nullptr) {
    co_return list_files(folders);
  }
  co_return co_await list_server(std::move(folders));
}

Task<Result<std::vector<ListedArchive>, FetchTrouble>> ArchiveLister::list_server(
    std::vector<std::string> folders) {
  const std::string base = Url::parse(location_)->target;
  bool found_any = false;
  std::optional<FetchTrouble> absent;
  for (const std::string& folder : folders) {
    auto names = co_await fetcher_->list(base + folder);
    if (names) {
      found_any = true;
      if (*names) {
        pages_[folder] = std::move(**names);
      }
    } else if (names.error().kind == FetchTrouble::Kind::Absent) {
      absent = names.error();  // the folder of a month comes with its first file
    } else {
      co_return tl::unexpected<FetchTrouble>{names.error()};
    }
  }
  if (!found_any && absent) {
    co_return tl::unexpected<FetchTrouble>{*absent};
  }
  std::erase_if(pages_, [&](const auto& page) {
    return std::find(folders.begin(), folders.end(), page.first) == folders.end();
  });
  std::vector<ListedArchive> listed;
  for (const auto& [folder, names] : pages_) {
    for (const std::string& name : names) {
      if (const auto known = parse_archive_name(name)) {
        listed.push_back({location_ + folder + name, *known, 0});
      }
    }
  }
  co_return listed;
}

Result<std::vector<ListedArchive>, FetchTrouble> ArchiveLister::list_files(
    const std::vector<std::string>& folders) {
  if (!std::filesystem::is_directory(location_)) {
    return tl::unexpected<FetchTrouble>{
        FetchTrouble{FetchTrouble::Kind::Later, location_ + ": is no folder any more", {}}};
  }
  std::map<std::string, std::uint64_t> sizes;
  std::vector<ListedArchive> listed;
  for (const std::string& folder : folders) {
    std::error_code error;
    for (const auto& each : std::filesystem::directory_iterator{location_ + folder, error}) {
      const std::string name = each.path().filename().string();
      const auto known = parse_archive_name(name);
      std::error_code gone;
      if (!known || name.front() == '.' || name.ends_with(".part") || !each.is_regular_file(gone)) {
        continue;
      }
      const std::uint64_t bytes = each.file_size(gone);
      if (gone || bytes == 0) {
        continue;
      }
      const std::string path = location_ + folder + name;
      const auto before = sizes_.find(path);
      if (before != sizes_.end() && before->second == bytes) {
        listed.push_back({path, *known, bytes});
      }
      sizes.emplace(path, bytes);
    }
  }
  sizes_ = std::move(sizes);
  return listed;
}

Task<ArchiveCheck> check_archive(std::string path, std::string name) {
  constexpr std::uint64_t kSlice = 4096;
  ArchiveCheck check;
  auto input = open_input(path);
  if (!input) {
    check.damage = input.error().message;
    co_return check;
  }
  MrtRecordReader reader{std::move(*input), std::move(name)};
  const auto executor = co_await net::this_coro::executor;
  while (reader.next() != nullptr) {
    if (++check.records % kSlice == 0) {
      co_await net::post(executor, net::use_awaitable);
    }
  }
  const ByteAccount& account = reader.account();
  if (!account.first_errors.empty()) {
    check.damage = account.first_errors.front().message;
  } else if (account.left_over > 0 || account.skipped.contains("no_record")) {
    check.damage = "its last record is torn";
  } else if (check.records == 0) {
    check.damage = "holds no record";
  }
  co_return check;
}

}  // namespace isthmus::collector
