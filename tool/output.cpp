#include "tool/output.hpp"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

namespace isthmus::tool {

Output::Output() {
  std::signal(SIGPIPE, SIG_IGN);
  text_.reserve(2 * kSpill);
}

Output::~Output() {
  flush();
}

void Output::flush() {
  std::string_view rest = text_;
  while (good_ && !rest.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, rest.data(), rest.size());
    if (written < 0) {
      good_ = errno == EINTR;
    } else {
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  text_.clear();
}

void say(std::string_view line) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
}

bool is_terminal() {
  return ::isatty(STDERR_FILENO) == 1;
}

}  // namespace isthmus::tool
