#include "collector/feed/archive_headers.hpp"

using namespace isthmus::collector;

TEST_CASE("headers of ranges and digests are read, and nonsense is not") {
  CHECK(read_content_range("bytes 100-199/1000")->first == 100U);
  CHECK(read_content_range("bytes 100-199/1000")->total == 1000);
  CHECK_FALSE(read_content_range("bytes */1000")->first);
  for (const char* const text : {"", "bytes", "bytes 1-2", "bytes 1-2/", "bytes 1/2", "bytes -/3",
                                 "bytes 1-2/*", "bytes x-2/3", "bytes 1-99999999999999999999/3"}) {
    CAPTURE(text);
    CHECK_FALSE(read_content_range(text));
  }
  for (const char* const text : {"", "sha-256", "sha-256=", "sha-256=:AA==:", "md5=:AA==:"}) {
    CAPTURE(text);
    CHECK_FALSE(read_sha256_digest(text));
  }
}
