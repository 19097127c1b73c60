#include "tool/progress.hpp"

#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "tool/output.hpp"

namespace isthmus::tool {

Progress::Progress(std::string unit)
    : unit_{std::move(unit)},
      shown_{is_terminal()},
      start_{Clock::now()},
      last_{start_} {}

Progress::~Progress() {
  clear();
}

void Progress::clear() {
  if (std::exchange(drawn_, false)) {
    std::fputs("\r\033[K", stderr);
  }
}

void Progress::draw(std::uint64_t count, const collector::Input::Progress& input) {
  const Clock::time_point now = Clock::now();
  if (now - last_ < std::chrono::milliseconds{200}) {
    return;
  }
  last_ = now;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  std::string line = fmt::format("\r\033[K{} {}, {:.2f} M/s", count, unit_,
                                 static_cast<double>(count) / seconds / 1e6);
  if (input.total > 0 && input.consumed > 0) {
    const double part = static_cast<double>(input.consumed) / static_cast<double>(input.total);
    line +=
        fmt::format(", {:.0f} % of the input, {:.0f} s left", part * 100, seconds / part - seconds);
  }
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
  drawn_ = true;
}

}  // namespace isthmus::tool
