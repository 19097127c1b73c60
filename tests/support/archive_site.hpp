#pragma once

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>

#include <fmt/format.h>

#include "tests/support/raw_http_server.hpp"

namespace isthmus::testing {

/// A site of archives: its files by path, pages of its folders, ranges, and
/// whatever misbehaviour is asked for.
class ArchiveSite {
 public:
  struct File {
    std::string content;
    std::string etag = "\"1\"";
    std::string more_headers = {};
    bool has_ranges = true;
  };
  /// Asked before each reply; what is not empty is sent in its place.
  using Trouble = std::function<std::string(const std::string& head)>;

  ArchiveSite() : server_{[this](const std::string& head) { return answer(head); }} {}

  void put(const std::string& path, File file) {
    const std::scoped_lock lock{mutex_};
    files_[path] = std::move(file);
  }
  void put(const std::string& path, std::string content) {
    File file;
    file.content = std::move(content);
    put(path, std::move(file));
  }
  void remove(const std::string& path) {
    const std::scoped_lock lock{mutex_};
    files_.erase(path);
  }
  void misbehave(Trouble trouble) {
    const std::scoped_lock lock{mutex_};
    trouble_ = std::move(trouble);
  }
  [[nodiscard]] const std::string& url() const { return server_.url(); }
  /// How many requests began so.
  [[nodiscard]] std::size_t count(const std::string& begin) const {
    const auto all = server_.requests();
    return static_cast<std::size_t>(std::count_if(
        all.begin(), all.end(), [&](const auto& each) { return each.starts_with(begin); }));
  }

  static std::string reply(const std::string& status, const std::string& headers,
                           const std::string& body) {
    return fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\n{}\r\n{}", status, body.size(),
                       headers, body);
  }

 private:
  static std::string header(const std::string& head, const std::string& name) {
    const std::size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) {
      return "";
    }
    const std::size_t begin = at + name.size() + 4;
    return head.substr(begin, head.find('\r', begin) - begin);
  }
  std::string answer(const std::string& head) {
    const std::scoped_lock lock{mutex_};
    if (trouble_) {
      if (std::string given = trouble_(head); !given.empty()) {
        return given;
      }
    }
    const std::size_t space = head.find(' ');
    const std::string path = head.substr(space + 1, head.find(' ', space + 1) - space - 1);
    const auto found = files_.find(path);
    if (found == files_.end()) {
      return path.ends_with('/') ? page(path) : reply("404 Not Found", "", "none");
    }
    return send(found->second, head);
  }
  std::string page(const std::string& folder) const {
    std::string links;
    for (const auto& [path, file] : files_) {
      if (path.starts_with(folder) && path.find('/', folder.size()) == std::string::npos) {
        const std::string name = path.substr(folder.size());
        links += fmt::format("<a href=\"{}\">{}</a>\n", name, name);
      }
    }
    return links.empty() ? reply("404 Not Found", "", "none")
                         : reply("200 OK", "", "<a href=\"../\">..</a>\n" + links);
  }
  static std::string send(const File& file, const std::string& head) {
    const std::string common =
        fmt::format("ETag: {}\r\n{}{}", file.etag,
                    file.has_ranges ? "Accept-Ranges: bytes\r\n" : "", file.more_headers);
    if (head.starts_with("HEAD")) {
      return fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{}\r\n", file.content.size(),
                         common);
    }
    const std::string range = header(head, "Range");
    const std::string condition = header(head, "If-Range");
    if (range.empty() || !file.has_ranges || (!condition.empty() && condition != file.etag)) {
      return reply("200 OK", common, file.content);
    }
    const std::size_t first = std::strtoul(range.c_str() + 6, nullptr, 10);
    const std::size_t last = std::min<std::size_t>(
        std::strtoul(range.c_str() + range.find('-') + 1, nullptr, 10), file.content.size() - 1);
    return reply(
        "206 Partial Content",
        common + fmt::format("Content-Range: bytes {}-{}/{}\r\n", first, last, file.content.size()),
        file.content.substr(first, last - first + 1));
  }

  std::mutex mutex_;
  std::map<std::string, File> files_;
  Trouble trouble_;
  RawHttpServer server_;
};

}  // namespace isthmus::testing
