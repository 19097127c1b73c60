#include "tool/interrupt.hpp"

#include <unistd.h>

#include <array>
#include <csignal>
#include <string_view>

namespace isthmus::tool {
namespace {

constexpr unsigned kPatienceSeconds = 2;
constexpr std::array kSignals{SIGINT, SIGTERM};

// A handler can reach nothing else.
volatile std::sig_atomic_t signal_seen = 0;

void note(int signal) {
  signal_seen = signal;
  ::alarm(kPatienceSeconds);
}

void end_at_once(int /*alarm*/) {
  constexpr std::string_view kMessage =
      "isthmusctl: stopped by a signal while it waited; what was stored is whole\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kMessage.data(), kMessage.size());
  ::_exit(128 + signal_seen);
}

void handle(int signal, void (*handler)(int), int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  ::sigaction(signal, &action, nullptr);
}

}  // namespace

Interrupt::Interrupt() {
  signal_seen = 0;
  handle(SIGALRM, end_at_once, SA_RESTART);
  for (const int signal : kSignals) {
    // The second one finds the default action again, and ends the program.
    handle(signal, note, SA_RESTART | static_cast<int>(SA_RESETHAND));
  }
}

Interrupt::~Interrupt() {
  ::alarm(0);
  for (const int signal : kSignals) {
    handle(signal, SIG_DFL, 0);
  }
  handle(SIGALRM, SIG_DFL, 0);
}

std::optional<int> Interrupt::signal() {
  return signal_seen == 0 ? std::nullopt : std::optional<int>{signal_seen};
}

}  // namespace isthmus::tool
