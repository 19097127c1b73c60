#include "tool/output.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace isthmus::tool {

Output::Output(Outcome& outcome) : outcome_{&outcome} {
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
      give_up(errno);
    } else {
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  text_.clear();
}

void Output::give_up(int code) {
  if (code == EAGAIN) {  // somebody made the terminal or the pipe non-blocking
    pollfd ready{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
    ::poll(&ready, 1, -1);
  } else if (code != EINTR) {
    good_ = false;
    if (code != EPIPE) {
      outcome_->fail(Exit::Failed, std::string{"standard output: "} + std::strerror(code));
    }
  }
}

void say(std::string_view line) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
}

bool is_terminal() {
  return ::isatty(STDERR_FILENO) == 1;
}

}  // namespace isthmus::tool
