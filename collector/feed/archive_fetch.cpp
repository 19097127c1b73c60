#include "collector/feed/archive_fetch.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "collector/feed/archive_headers.hpp"
#include "collector/feed/archive_name.hpp"
#include "core/base/sha256.hpp"
#include "core/runtime/http_client.hpp"

namespace isthmus::collector {
namespace {

using Kind = FetchTrouble::Kind;

constexpr std::size_t kLongestPage = std::size_t{32} << 20;
constexpr Duration kLongestWait = std::chrono::hours{1};

tl::unexpected<FetchTrouble> trouble(Kind kind, std::string message, Duration wait = {}) {
  return tl::unexpected<FetchTrouble>{FetchTrouble{kind, std::move(message), wait}};
}

/// What a server says of a file before it sends it.
struct Description {
  std::optional<std::uint64_t> bytes;
  std::string validator;  ///< a strong ETag or a date; empty: parts cannot be
                          ///< put together
  std::string digest;     ///< hexadecimal; empty if not told
  bool has_ranges = false;
};

Description describe(const HttpFields& headers) {
  Description found;
  found.bytes = read_number(headers.find("Content-Length"));
  found.has_ranges = headers.find("Accept-Ranges") == "bytes";
  const std::string_view etag = headers.find("ETag");
  found.validator = etag.empty() || etag.starts_with("W/") ? headers.find("Last-Modified") : etag;
  for (const char* const name : {"Repr-Digest", "Content-Digest", "Digest"}) {
    if (const auto digest = read_sha256_digest(headers.find(name))) {
      found.digest = *digest;
      break;
    }
  }
  return found;
}

/// What an answer that is no success means.
FetchTrouble refusal(const HttpReply& reply, const std::string& place) {
  const std::string message =
      fmt::format("{}: {} {}", place, reply.status, http_reason(reply.status));
  if (reply.status == 404 || reply.status == 410) {
    return {Kind::Absent, message, {}};
  }
  if (reply.status == 401 || reply.status == 403) {
    return {Kind::Refused, message, {}};
  }
  const auto seconds = read_number(reply.headers.find("Retry-After"));
  const Duration wait = std::min<Duration>(
      std::chrono::seconds{std::min<std::uint64_t>(seconds.value_or(0), 86'400)}, kLongestWait);
  return {Kind::Later, message, wait};
}

/// A file that grows until it is whole, beside the note of what it is a part
/// of.
class Part {
 public:
  Part(const std::string& folder, const std::string& target)
      : path_{folder + "/" + name_of(target) + ".part"},
        final_{folder + "/" + name_of(target)} {}

  /// What is there of this very file; anything else is thrown away.
  std::uint64_t resume(const Description& of) {
    std::error_code ignored;
    std::ifstream note{path_ + ".of"};
    std::string known;
    std::getline(note, known);
    const std::string wanted = note_of(of);
    const std::uint64_t size = std::filesystem::file_size(path_, ignored);
    if (!ignored && !of.validator.empty() && known == wanted && of.bytes && size <= *of.bytes) {
      return size;
    }
    clear();
    std::ofstream{path_ + ".of"} << wanted << '\n';
    return 0;
  }
  /// False if the disk does not take it.
  [[nodiscard]] bool append(std::string_view piece) const {
    std::ofstream file{path_, std::ios::binary | std::ios::app};
    file.write(piece.data(), static_cast<std::streamsize>(piece.size()));
    return static_cast<bool>(file.flush());
  }
  void clear() const {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
    std::filesystem::remove(path_ + ".of", ignored);
  }
  /// Compares what has come with what was told, and gives it its name.
  [[nodiscard]] Result<FetchedArchive, FetchTrouble> complete(const Description& of,
                                                              const std::string& place) const {
    FetchedArchive fetched{final_, 0, {}};
    Sha256 hash;
    std::ifstream file{path_, std::ios::binary};
    std::string buffer(std::size_t{1} << 16, '\0');
    while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())),
           file.gcount() > 0) {
      const auto count = static_cast<std::size_t>(file.gcount());
      hash.update(std::string_view{buffer}.substr(0, count));
      fetched.bytes += count;
    }
    fetched.sha256 = hash.hex();
    if ((of.bytes && fetched.bytes != *of.bytes) ||
        (!of.digest.empty() && fetched.sha256 != of.digest)) {
      clear();
      return trouble(Kind::Invalid, place + (of.bytes && fetched.bytes != *of.bytes
                                                 ? ": is not as long as the server said"
                                                 : ": does not have the digest that came with it"));
    }
    std::error_code error;
    std::filesystem::rename(path_, final_, error);
    if (error) {
      return trouble(Kind::Local, final_ + ": " + error.message());
    }
    clear();
    return fetched;
  }

 private:
  /// Files of one name may lie in several folders of a server.
  static std::string name_of(const std::string& target) {
    Sha256 hash;
    hash.update(target);
    const std::size_t slash = target.rfind('/');
    return hash.hex().substr(0, 12) + "." + target.substr(slash + 1);
  }
  static std::string note_of(const Description& of) {
    return fmt::format("{} {}", of.bytes.value_or(0), of.validator);
  }

  std::string path_;
  std::string final_;
};

}  // namespace

struct ArchiveFetcher::Impl {
  Impl(const net::any_io_executor& executor, ArchiveFetcherOptions its_options)
      : options{std::move(its_options)},
        client{executor, client_options(options)} {}

  static HttpClientOptions client_options(const ArchiveFetcherOptions& options) {
    HttpClientOptions made;
    made.server = options.server;
    made.tls = options.tls;
    made.body_bytes = std::max<std::uint64_t>(kLongestPage, options.piece_bytes);
    return made;
  }
  [[nodiscard]] std::string place(const std::string& target) const {
    return options.server.scheme + "://" + options.server.authority() + target;
  }
  Task<Result<HttpReply>> call(const char* method, const std::string& target, HttpFields headers) {
    HttpCall asked;
    asked.method = method;
    asked.target = target;
    asked.headers = std::move(headers);
    auto reply = co_await client.call(std::move(asked), options.limit);
    if (reply) {
      bytes += reply->body.size();
    }
    co_return reply;
  }

  /// Piece by piece, from what is there on.
  Task<Result<FetchedArchive, FetchTrouble>> fetch_pieces(const std::string& target, Part& part,
                                                          const Description& of) {
    std::uint64_t have = part.resume(of);
    while (have < *of.bytes) {
      HttpFields headers;
      const std::uint64_t last = std::min(*of.bytes, have + options.piece_bytes) - 1;
      headers.add("Range", fmt::format("bytes={}-{}", have, last));
      if (!of.validator.empty()) {
        headers.add("If-Range", of.validator);
      }
      const auto reply = co_await call("GET", target, std::move(headers));
      if (!reply) {
        co_return trouble(Kind::Later, reply.error().message);
      }
      const auto range = read_content_range(reply->headers.find("Content-Range"));
      if (reply->status == 200 || reply->status == 416) {
        part.clear();
        co_return trouble(Kind::Later, place(target) + ": changed while it was fetched");
      }
      if (reply->status != 206) {
        co_return tl::unexpected<FetchTrouble>{refusal(*reply, place(target))};
      }
      if (!range || range->first != have || range->total != *of.bytes || reply->body.empty() ||
          reply->body.size() > last - have + 1) {
        part.clear();
        co_return trouble(Kind::Invalid, place(target) + ": sent another range than was asked for");
      }
      if (!part.append(reply->body)) {
        co_return trouble(Kind::Local, options.folder + ": cannot be written");
      }
      have += reply->body.size();
    }
    co_return part.complete(of, place(target));
  }

  /// From a server without ranges: all at once, and from the beginning.
  Task<Result<FetchedArchive, FetchTrouble>> fetch_whole(const std::string& target, Part& part,
                                                         const Description& of) {
    part.clear();
    std::uint64_t have = 0;
    bool disk_is_good = true;
    HttpCall asked;
    asked.target = target;
    HttpBodySink sink = [&](std::string_view piece) {
      have += piece.size();
      bytes += piece.size();
      disk_is_good = part.append(piece);
      return disk_is_good && have <= options.most_bytes;
    };
    const auto reply =
        co_await client.stream(std::move(asked), std::move(sink), options.limit, options.silence);
    if (!disk_is_good) {
      co_return trouble(Kind::Local, options.folder + ": cannot be written");
    }
    if (!reply) {
      co_return trouble(Kind::Later, reply.error().message);
    }
    if (reply->status != 200) {
      co_return tl::unexpected<FetchTrouble>{refusal(*reply, place(target))};
    }
    if (have == 0 || have > options.most_bytes) {
      part.clear();
      co_return trouble(Kind::Invalid,
                        place(target) + (have == 0 ? ": is empty" : ": does not end"));
    }
    Description seen = describe(reply->headers);
    seen.bytes = seen.bytes ? seen.bytes : of.bytes;
    co_return part.complete(seen, place(target));
  }

  ArchiveFetcherOptions options;
  HttpClient client;
  std::map<std::string, std::string> validators;  ///< of pages, by folder
  std::uint64_t bytes = 0;
};

ArchiveFetcher::ArchiveFetcher(const net::any_io_executor& executor, ArchiveFetcherOptions options)
    : impl_{std::make_unique<Impl>(executor, std::move(options))} {}

ArchiveFetcher::~ArchiveFetcher() = default;

Task<Result<FetchedArchive, FetchTrouble>> ArchiveFetcher::fetch(std::string target) {
  const auto head = co_await impl_->call("HEAD", target, HttpFields());
  if (!head) {
    co_return trouble(Kind::Later, head.error().message);
  }
  if (head->status != 200) {
    co_return tl::unexpected<FetchTrouble>{refusal(*head, impl_->place(target))};
  }
  const Description description = describe(head->headers);
  if (description.bytes &&
      (*description.bytes == 0 || *description.bytes > impl_->options.most_bytes)) {
    co_return trouble(Kind::Invalid,
                      fmt::format("{}: has {} bytes", impl_->place(target), *description.bytes));
  }
  Part part{impl_->options.folder, target};
  if (description.has_ranges && description.bytes) {
    co_return co_await impl_->fetch_pieces(target, part, description);
  }
  co_return co_await impl_->fetch_whole(target, part, description);
}

Task<Result<std::optional<std::vector<std::string>>, FetchTrouble>> ArchiveFetcher::list(
    std::string target) {
  HttpFields headers;
  std::string& validator = impl_->validators[target];
  if (!validator.empty()) {
    headers.add(validator.front() == '"' ? "If-None-Match" : "If-Modified-Since", validator);
  }
  const auto reply = co_await impl_->call("GET", target, std::move(headers));
  if (!reply) {
    co_return trouble(Kind::Later, reply.error().message);
  }
  std::optional<std::vector<std::string>> names;
  if (reply->status == 304) {
    co_return names;
  }
  if (reply->status != 200) {
    co_return tl::unexpected<FetchTrouble>{refusal(*reply, impl_->place(target))};
  }
  validator = describe(reply->headers).validator;
  names = read_folder_page(reply->body);
  co_return names;
}

void ArchiveFetcher::disconnect() {
  impl_->client.disconnect();
}

std::uint64_t ArchiveFetcher::bytes() const {
  return impl_->bytes;
}

}  // namespace isthmus::collector
