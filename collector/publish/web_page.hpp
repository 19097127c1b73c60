#pragma once

#include <span>
#include <string>
#include <string_view>

#include "collector/publish/snapshot.hpp"
#include "core/runtime/http.hpp"

namespace isthmus::collector {

/// A file of the web page that was built into the program.
struct EmbeddedFile {
  std::string_view path;  ///< "index.html", "assets/index-4f3a.js"
  std::string_view content;
};

/// Those of dashboards/web/dist; none where it was not built.
std::span<const EmbeddedFile> embedded_files();

/// Answers with a file of the page: under `/assets/`, whose names hold a digest, for ever; all
/// others are asked for again. A path that names no file is the page itself, which reads the rest
/// of the address. Where no page is built in, a plain one is written from the snapshot.
HttpResponse page_response(const HttpRequest& request, const Snapshot& snapshot);

/// The plain page.
std::string plain_page(const Snapshot& snapshot);

}  // namespace isthmus::collector
