#include "probe/trace_printer.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

#include "probe/output/warts_writer.hpp"

namespace isthmus::probe {
namespace {

/// How often a person can see something change.
constexpr std::chrono::milliseconds kFrame{100};
constexpr std::size_t kFlushAt = 65'536;
constexpr std::size_t kUsualWidth = 80;

TimePoint wall_now() {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

winsize screen_size() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) {
    size = {};
  }
  return size;
}

}  // namespace

TracePrinter::TracePrinter(const TraceArguments& arguments, const std::vector<IpAddress>& targets,
                           const NetworkNames* names)
    : format_{arguments.format},
      context_{context_of(arguments.options)},
      names_{names},
      expected_{targets.size() * arguments.options.rounds},
      is_terminal_{isatty(STDOUT_FILENO) != 0},
      shows_progress_{!is_terminal_ && expected_ > 1 && isatty(STDERR_FILENO) != 0},
      last_drawn_{Clock::now()} {
  if (format_ == TraceFormat::Warts) {
    append_warts_start(text_, wall_now());
  }
  if (format_ == TraceFormat::Table && is_terminal_ && targets.size() == 1) {
    live_.emplace(targets.front(), names);
  }
}

void TracePrinter::answer(CellKey key, const Reply& reply) {
  if (live_) {
    live_->add(key.ttl, reply);
    draw(false);
  }
}

void TracePrinter::append(const Traceroute& trace) {
  switch (format_) {
    case TraceFormat::Table:
      append_table(text_, trace, names_);
      break;
    case TraceFormat::Ndjson:
      append_ndjson(text_, trace, names_);
      break;
    case TraceFormat::Atlas:
      append_atlas(text_, trace);
      break;
    case TraceFormat::Scamper:
      append_scamper(text_, trace, context_);
      break;
    case TraceFormat::Warts:
      append_warts(text_, trace, context_);
      break;
  }
}

void TracePrinter::print(const std::vector<Traceroute>& traces) {
  ++done_;
  for (const Traceroute& trace : traces) {
    failed_ += trace.stop == StopReason::Error ? 1U : 0U;
    if (!live_) {
      append(trace);
    }
  }
  if (live_) {
    live_->finish_round(traces);
    draw(done_ == expected_);
  }
  // Whoever reads shall see each trace soon, without a system call for each of thousands.
  if (is_terminal_ || text_.size() > kFlushAt || Clock::now() - last_flushed_ >= kFrame) {
    flush();
  }
  show_progress(false);
}

void TracePrinter::draw(bool at_once) {
  const auto now = Clock::now();
  if (!at_once && now - last_drawn_ < kFrame) {
    return;
  }
  last_drawn_ = now;
  const winsize size = screen_size();
  auto lines = live_->lines(size.ws_col != 0 ? size.ws_col : kUsualWidth);
  // What does not fit would scroll, and could not be drawn over.
  if (!at_once && size.ws_row > 1 && lines.size() >= size.ws_row) {
    lines.resize(size.ws_row - 1U);
  }
  if (drawn_ != 0) {
    text_ += "\x1b[" + std::to_string(drawn_) + "A\r";
  }
  for (const std::string& line : lines) {
    text_ += line + "\x1b[K\n";
  }
  text_ += "\x1b[J";
  drawn_ = lines.size();
  flush();
}

void TracePrinter::show_progress(bool is_last) {
  const auto now = Clock::now();
  if (!shows_progress_ || (!is_last && now - last_drawn_ < kFrame)) {
    return;
  }
  last_drawn_ = now;
  std::fprintf(stderr, "\risthmus-probe: %zu of %zu traced\x1b[K%s", done_, expected_,
               is_last ? "\n" : "");
}

bool TracePrinter::finish() {
  if (format_ == TraceFormat::Warts) {
    append_warts_stop(text_, wall_now());
  }
  if (live_) {
    draw(true);
  }
  flush();
  show_progress(true);
  return std::fflush(stdout) == 0 && good_;
}

void TracePrinter::flush() {
  good_ = std::fwrite(text_.data(), 1, text_.size(), stdout) == text_.size() && good_;
  std::fflush(stdout);
  text_.clear();
  last_flushed_ = Clock::now();
}

}  // namespace isthmus::probe
