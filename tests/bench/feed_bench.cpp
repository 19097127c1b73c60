// Measures collector/feed side by side with the tools that operators have:
// feed_bench [RUNS [updates|table|text|bzip2]]
//
// The unit of work is one archive; of several runs the best counts, because other work on the
// machine only makes a run longer. Both sides of a ratio are measured in the same run.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "collector/feed/bgpdump_text.hpp"
#include "collector/feed/mrt_reader.hpp"

namespace {

using namespace isthmus;
using namespace isthmus::collector;

struct Cost {
  double cpu = 1e9;   ///< seconds of all threads
  double wall = 1e9;  ///< seconds
};

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}
double cpu_of(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// The best of several runs.
Cost measure(int runs, int who, const std::function<void()>& work) {
  Cost best;
  for (int i = 0; i < runs; ++i) {
    const double cpu = cpu_of(who);
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
    best.cpu = std::min(best.cpu, cpu_of(who) - cpu);
    best.wall = std::min(best.wall, wall.count());
  }
  return best;
}

/// Runs a program with its output thrown away.
void run_program(const std::vector<std::string>& words) {
  const pid_t child = ::fork();
  if (child == 0) {
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(null, STDOUT_FILENO);
    ::dup2(null, STDERR_FILENO);
    std::vector<char*> arguments;
    for (const std::string& word : words) {
      arguments.push_back(const_cast<char*>(word.c_str()));
    }
    arguments.push_back(nullptr);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) {
    fmt::print("  ({} failed: is it installed?)\n", words[0]);
  }
}

std::string content(const std::string& path) {
  auto input = open_input(path);
  std::string bytes;
  while (input) {
    const auto chunk = (*input)->next();
    if (!chunk || chunk->empty()) {
      break;
    }
    bytes += as_text(*chunk);
  }
  return bytes;
}

std::uint64_t decode(MrtReader& reader) {
  std::uint64_t count = 0;
  while (reader.next_element() != nullptr) {
    ++count;
  }
  return count;
}

void bench_decode(const std::string& path, int runs) {
  const std::string bytes = content(path);
  for (const Detail detail : {Detail::Everything, Detail::Paths}) {
    std::uint64_t elements = 0;
    const Cost cost = measure(runs, RUSAGE_SELF, [&] {
      MrtReader::Options options;
      options.source = "bench";
      options.detail = detail;
      MrtReader reader{memory_input(as_bytes(bytes)), "bench", options};
      elements = decode(reader);
    });
    fmt::print(
        "decode {:<28} {:<10} {:8} elements  {:6.1f} M elements/s  {:6.0f} MB/s  {:.4f} CPU s\n",
        path.substr(path.rfind('/') + 1).substr(0, 28),
        detail == Detail::Paths ? "paths" : "everything", elements,
        static_cast<double>(elements) / cost.cpu / 1e6,
        static_cast<double>(bytes.size()) / cost.cpu / 1e6, cost.cpu);
  }
}

void bench_text(const std::string& path, int runs) {
  const std::string bytes = content(path);
  std::uint64_t lines = 0;
  const Cost ours = measure(runs, RUSAGE_SELF, [&] {
    MrtReader reader{memory_input(as_bytes(bytes)), "bench", {}};
    BgpdumpText text{BgpdumpText::Form::Full};
    std::string out;
    lines = 0;
    while (const MrtElement* element = reader.next_element()) {
      text.append(out, *element);
      ++lines;
      if (out.size() > (1 << 18)) {
        out.clear();
      }
    }
  });
  const Cost whole = measure(runs, RUSAGE_SELF, [&] {
    auto reader = open_mrt(path, {});
    BgpdumpText text{BgpdumpText::Form::Full};
    std::string out;
    while (const MrtElement* element = reader ? (*reader)->next_element() : nullptr) {
      text.append(out, *element);
      if (out.size() > (1 << 18)) {
        out.clear();
      }
    }
  });
  const Cost theirs = measure(1, RUSAGE_CHILDREN, [&] { run_program({"bgpdump", "-m", path}); });
  fmt::print(
      "text   {} lines from memory: {:.3f} CPU s; from .bz2: {:.3f} CPU s, {:.3f} s wall; "
      "bgpdump -m: {:.3f} CPU s, {:.3f} s wall; ratio {:.1f} CPU, {:.1f} wall\n",
      lines, ours.cpu, whole.cpu, whole.wall, theirs.cpu, theirs.wall, theirs.cpu / whole.cpu,
      theirs.wall / whole.wall);
}

void bench_bzip2(const std::string& path, int runs) {
  const Cost ours = measure(runs, RUSAGE_SELF, [&] {
    auto reader = open_mrt(path, {});
    if (reader) {
      decode(**reader);
    }
  });
  const Cost theirs = measure(runs, RUSAGE_CHILDREN, [&] { run_program({"bzcat", path}); });
  fmt::print(
      "bzip2  decoded end to end: {:.3f} s wall, {:.3f} CPU s; bzcat: {:.3f} s wall, {:.3f} CPU s; "
      "ratio {:.2f} wall\n",
      ours.wall, ours.cpu, theirs.wall, theirs.cpu, theirs.wall / ours.wall);
}

}  // namespace

int main(int argc, char** argv) {
  const int runs = argc > 1 ? std::max(1, std::atoi(argv[1])) : 5;
  const std::string folder = std::string{ISTHMUS_SHARED_DATA} + "/mrt/";
  const std::string updates = folder + "bgpdump/test_data/updates.et-header.2015.gz";
  const std::string table = folder + "libbgpstream/routeviews.route-views.jinx.ribs.1401487200.bz2";
  if (::access(updates.c_str(), R_OK) != 0 || ::access(table.c_str(), R_OK) != 0) {
    fmt::print("skipped: no shared data\n");
    return 0;
  }
  const std::string only = argc > 2 ? argv[2] : "";
  if (only.empty() || only == "updates") {
    bench_decode(updates, runs);
  }
  if (only.empty() || only == "table") {
    bench_decode(table, runs);
  }
  if (only.empty() || only == "text") {
    bench_text(table, runs);
  }
  if (only.empty() || only == "bzip2") {
    bench_bzip2(table, runs);
  }
  return 0;
}
