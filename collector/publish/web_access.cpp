#include "collector/publish/web_access.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "collector/publish/alert_message.hpp"
#include "collector/record/export_file.hpp"
#include "core/runtime/log.hpp"
#include "core/runtime/queue_task.hpp"

namespace isthmus::collector {
namespace {

constexpr std::size_t kChecksAtOnce = 8;   ///< that may wait for the thread
constexpr std::size_t kRemembered = 1024;  ///< passwords that were right
/// Compared where there is no such user, so that an answer takes as long (of exporter-toolkit).
constexpr const char* kNobody = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";

bool same(std::string_view left, std::string_view right) {
  return left.size() == right.size() &&
         ::CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

/// Whether a password gives a bcrypt hash (crypt(5)).
bool fits(const std::string& password, const std::string& hash) {
  if (password.size() > CRYPT_MAX_PASSPHRASE_SIZE || password.find('\0') != std::string::npos) {
    return false;
  }
  const auto work = std::make_unique<crypt_data>();
  const char* const found = ::crypt_r(password.c_str(), hash.c_str(), work.get());
  return found != nullptr && same(found, hash);
}

std::optional<std::string> decode_base64(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  while (text.ends_with('=')) {
    text.remove_suffix(1);
  }
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char each : text) {
    const std::size_t digit = kDigits.find(each);
    if (digit == std::string_view::npos) {
      return std::nullopt;
    }
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    if ((count += 6) >= 8) {
      count -= 8;
      out += static_cast<char>(bits >> count & 0xFF);
    }
  }
  return out;
}

/// What is behind "Basic " or "Bearer " in Authorization, whose first word has no case.
std::optional<std::string_view> credentials(const HttpRequest& request, std::string_view scheme) {
  const std::string_view header = request.headers.find("Authorization");
  const auto equal = [](char left, char right) { return (left | 0x20) == (right | 0x20); };
  if (header.size() <= scheme.size() ||
      !std::equal(scheme.begin(), scheme.end(), header.begin(), equal) ||
      header[scheme.size()] != ' ') {
    return std::nullopt;
  }
  return header.substr(scheme.size() + 1);
}

std::string digest_of(std::string_view text) {
  Sha256 hash;
  hash.update(text);
  return hash.hex();
}

/// What tells one version of a file from another.
struct FileMark {
  bool there = false;
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;
  std::int64_t size = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const FileMark&, const FileMark&) = default;
};

FileMark mark_of(const std::string& path) {
  struct stat info {};
  if (path.empty() || ::stat(path.c_str(), &info) != 0) {
    return {};
  }
  return {true, info.st_mtim.tv_sec, info.st_mtim.tv_nsec, info.st_size, info.st_ino};
}

}  // namespace

struct WebAccess::Impl {
  std::string path;
  WebConfig config;
  std::vector<FileMark> marks;  ///< of the file and of those that it names
  std::string key;              ///< of the digests of passwords that were right
  std::deque<std::string> right;
  std::atomic<std::size_t> waiting{0};
  net::thread_pool thread{1};

  [[nodiscard]] std::vector<FileMark> look() const {
    return {mark_of(path), mark_of(config.certificate_file), mark_of(config.key_file),
            mark_of(config.client_authorities_file)};
  }

  /// Whose password it is; nothing if it is nobody's. Too many at once: `busy` is set.
  Task<std::optional<std::string>> check_password(std::string given, bool& busy);
  /// The name that the request proves, if any.
  Task<std::optional<std::string>> identify(const HttpRequest& request, bool& busy);
  [[nodiscard]] std::optional<std::string> identify_certificate(const HttpRequest& request) const;
  [[nodiscard]] std::optional<std::string> identify_token(std::string_view token) const;
};

Task<std::optional<std::string>> WebAccess::Impl::check_password(std::string given, bool& busy) {
  const std::size_t colon = given.find(':');
  if (colon == std::string::npos) {
    co_return std::nullopt;
  }
  const std::string user = given.substr(0, colon);
  const auto found = config.users.find(user);
  const std::string hash = found == config.users.end() ? kNobody : found->second;
  const std::string digest = hmac_sha256(key, hash + given);
  if (std::find(right.begin(), right.end(), digest) != right.end()) {
    co_return user;
  }
  if (waiting >= kChecksAtOnce) {
    busy = true;
    co_return std::nullopt;
  }
  ++waiting;
  const auto good = std::make_shared<bool>(false);
  Wakeup done{co_await net::this_coro::executor};
  Impl* const impl = this;  // outlives its thread
  net::post(thread,
            [impl, good, password = given.substr(colon + 1), hash, announce = done.announcer()] {
              *good = fits(password, hash);
              --impl->waiting;
              announce();
            });
  co_await done.wait();
  if (!*good || hash == kNobody) {
    co_return std::nullopt;
  }
  right.push_back(digest);
  if (right.size() > kRemembered) {
    right.pop_front();
  }
  co_return user;
}

std::optional<std::string> WebAccess::Impl::identify_certificate(const HttpRequest& request) const {
  if (!request.certificate || !config.verify_clients) {
    return std::nullopt;
  }
  const PeerCertificate& peer = *request.certificate;
  for (const auto* const names : {&peer.uris, &peer.dns_names}) {
    for (const std::string& name : *names) {
      if (config.writers.contains(name)) {
        return name;
      }
    }
  }
  return peer.subject;
}

std::optional<std::string> WebAccess::Impl::identify_token(std::string_view token) const {
  const std::string digest = digest_of(token);
  std::optional<std::string> name;
  for (const auto& [each, expected] : config.tokens) {
    if (same(digest, expected)) {
      name = each;
    }
  }
  return name;
}

Task<std::optional<std::string>> WebAccess::Impl::identify(const HttpRequest& request, bool& busy) {
  if (const auto token = credentials(request, "Bearer")) {
    co_return identify_token(*token);
  }
  if (const auto basic = credentials(request, "Basic")) {
    std::optional<std::string> given = decode_base64(*basic);
    if (!given) {
      co_return std::nullopt;
    }
    co_return co_await check_password(std::move(*given), busy);
  }
  co_return identify_certificate(request);
}

WebAccess::WebAccess(std::shared_ptr<Impl> impl) : impl_{std::move(impl)} {}

WebAccess::~WebAccess() {
  impl_->thread.join();
}

Result<std::unique_ptr<WebAccess>> WebAccess::make(std::string path) {
  auto impl = std::make_shared<Impl>();
  impl->key.resize(32);
  if (::RAND_bytes(reinterpret_cast<unsigned char*>(impl->key.data()), 32) != 1) {
    return fail("no random numbers can be had");
  }
  impl->path = std::move(path);
  if (!impl->path.empty()) {
    auto config = load_web_config(impl->path);
    if (!config) {
      return unexpected{config.error()};
    }
    impl->config = std::move(*config);
  }
  impl->marks = impl->look();
  return std::unique_ptr<WebAccess>{new WebAccess{std::move(impl)}};
}

bool WebAccess::refresh() {
  if (impl_->path.empty()) {
    return false;
  }
  auto marks = impl_->look();
  if (marks == impl_->marks) {
    return false;
  }
  impl_->marks = std::move(marks);
  auto config = load_web_config(impl_->path);
  if (!config) {
    log_error("the web configuration cannot be used; the one before stays in force",
              {{"error", config.error().message}});
    return false;
  }
  impl_->config = std::move(*config);
  impl_->marks = impl_->look();
  impl_->right.clear();
  log_info("the web configuration was read again", {{"file", impl_->path}});
  return true;
}

const WebConfig& WebAccess::config() const {
  return impl_->config;
}

Task<std::optional<HttpResponse>> WebAccess::check(const HttpRequest& request, AccessRight right) {
  bool busy = false;
  const bool shows_something = request.headers.has("Authorization");
  std::optional<std::string> name;
  if (shows_something || right == AccessRight::Write || !impl_->config.open_to_read()) {
    name = co_await impl_->identify(request, busy);
  }
  if (busy) {
    HttpResponse response = problem_response({503, "too many passwords are being checked", {}});
    response.headers.set("Retry-After", "1");
    co_return response;
  }
  // Whoever shows a wrong password is told so, even where none is needed.
  const bool wrong = shows_something && !name && !impl_->config.open_to_read();
  if (!name && (wrong || right == AccessRight::Write || !impl_->config.open_to_read())) {
    const bool nobody_can = impl_->config.writers.empty() && right == AccessRight::Write;
    HttpResponse response = problem_response(
        {nobody_can ? 403U : 401U,
         nobody_can ? "nothing may be written: the web configuration names no write_users"
                    : "a user, a token or a client certificate is needed",
         "Authorization"});
    if (!nobody_can) {
      response.headers.set("WWW-Authenticate", impl_->config.users.empty()
                                                   ? "Bearer realm=\"isthmus\""
                                                   : "Basic realm=\"isthmus\"");
    }
    co_return response;
  }
  if (right == AccessRight::Write && !impl_->config.writers.contains(*name)) {
    co_return problem_response(
        {403, *name + " may read, but is not among the write_users", "Authorization"});
  }
  co_return std::nullopt;
}

}  // namespace isthmus::collector
