#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "core/base/result.hpp"
#include "core/base/time.hpp"
#include "core/runtime/http.hpp"
#include "core/runtime/task.hpp"
#include "core/runtime/tls.hpp"

namespace isthmus::collector {

/// A whole file, fetched and compared with all that the server said of it.
struct FetchedArchive {
  std::string path;
  std::uint64_t bytes = 0;
  std::string sha256;  ///< lower-case hexadecimal
};

/// Why nothing was fetched.
struct FetchTrouble {
  enum class Kind : std::uint8_t {
    Absent,   ///< the server has no such file: 404, 410
    Refused,  ///< it does not let us in: 401, 403
    Later,    ///< cut off, too slow, overloaded, or changed under our hands:
              ///< trying again goes on from what has come
    Invalid,  ///< what has come is not what the server said it would be; it was
              ///< thrown away
    Local,    ///< our own disk
  };
  Kind kind = Kind::Later;
  std::string message;
  Duration wait{};  ///< what the server asked for by Retry-After, at most an hour
};

struct ArchiveFetcherOptions {
  Url server;  ///< its target is not used
  std::optional<TlsContext> tls;
  std::string folder;                                           ///< where files are put; it exists
  std::uint64_t piece_bytes = std::uint64_t{8} << 20;           ///< asked for at a time
  std::uint64_t most_bytes = std::uint64_t{8} << 30;            ///< of a file
  std::chrono::nanoseconds limit = std::chrono::minutes{2};     ///< for each reply
  std::chrono::nanoseconds silence = std::chrono::seconds{30};  ///< within a body without ranges
};

/// Fetches files of one server over HTTP(S), one at a time.
///
/// A file is asked for piece by piece (RFC 9110 section 14), so that what was
/// cut off goes on where it ended, after a restart as well: what has come lies
/// in a `.part` file beside a note of what it is a part of. If the file changes
/// meanwhile (If-Range), it is begun anew. The size that the server told must
/// be reached exactly; where it tells a SHA-256 (Repr-Digest, RFC 9530, or
/// Digest, RFC 3230) that is compared too.
class ArchiveFetcher {
 public:
  ArchiveFetcher(const net::any_io_executor& executor, ArchiveFetcherOptions options);
  ~ArchiveFetcher();
  ArchiveFetcher(const ArchiveFetcher&) = delete;
  ArchiveFetcher& operator=(const ArchiveFetcher&) = delete;

  /// Fetches the file of a path on the server,
  /// "/rrc00/2017.10/updates.20171001.0905.gz".
  Task<Result<FetchedArchive, FetchTrouble>> fetch(std::string target);
  /// The names in a folder, whose path ends in '/'; nothing if the page is the
  /// one of the last call (ETag, Last-Modified).
  Task<Result<std::optional<std::vector<std::string>>, FetchTrouble>> list(std::string target);

  /// Closes the kept connection.
  void disconnect();
  /// Bytes of bodies that have come.
  [[nodiscard]] std::uint64_t bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace isthmus::collector
