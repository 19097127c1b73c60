#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "probe/output/live_table.hpp"
#include "probe/output/trace_text.hpp"
#include "probe/trace/trace_state.hpp"
#include "probe/trace_arguments.hpp"

namespace isthmus::probe {

/// Writes traces to standard output as they finish. On a terminal the table of a single destination
/// is drawn while its answers come in; where results go to a file, a terminal on standard error
/// shows how far the work is.
class TracePrinter {
 public:
  /// `names` may be null; else it must outlive the printer. `expected` traces are to come.
  TracePrinter(const TraceArguments& arguments, const std::vector<IpAddress>& targets,
               const NetworkNames* names);

  void answer(CellKey key, const Reply& reply);
  void print(const std::vector<Traceroute>& traces);
  /// False if standard output could not take everything.
  bool finish();
  /// Traces that ended with StopReason::Error.
  [[nodiscard]] unsigned failed() const { return failed_; }

 private:
  using Clock = std::chrono::steady_clock;

  void append(const Traceroute& trace);
  void draw(bool at_once);
  void show_progress(bool is_last);
  void flush();

  TraceFormat format_;
  TraceContext context_;
  const NetworkNames* names_;
  std::size_t expected_;
  std::size_t done_ = 0;
  std::string text_;
  bool is_terminal_;
  bool shows_progress_;
  std::optional<LiveTable> live_;
  std::size_t drawn_ = 0;  ///< lines of the live table on the screen
  Clock::time_point last_drawn_;
  Clock::time_point last_flushed_;
  bool good_ = true;
  unsigned failed_ = 0;
};

}  // namespace isthmus::probe
