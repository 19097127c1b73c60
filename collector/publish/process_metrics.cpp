#include "collector/publish/process_metrics.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "collector/publish/metric_sink.hpp"
#include "collector/publish/self_metrics.hpp"

namespace isthmus::collector {
namespace {

std::string read_file(const char* path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  return end.ec == std::errc{} ? std::optional{value} : std::nullopt;
}

/// The fields of /proc/self/stat behind the program's name, which may hold blanks (proc(5)): the
/// first of them is field 3.
std::vector<std::string> stat_fields() {
  const std::string text = read_file("/proc/self/stat");
  std::vector<std::string> fields;
  std::size_t at = text.rfind(')');
  while (at != std::string::npos &&
         (at = text.find_first_not_of(") \n", at)) != std::string::npos) {
    const std::size_t end = text.find_first_of(" \n", at);
    fields.push_back(text.substr(at, end - at));
    at = end;
  }
  return fields;
}

/// Seconds since 1970 when the machine was started.
std::optional<double> boot_time() {
  const std::string text = read_file("/proc/stat");
  const std::size_t at = text.find("\nbtime ");
  return at == std::string::npos ? std::nullopt : number(std::string_view{text}.substr(at + 7));
}

void put(MetricSink& sink, const MetricInfo& info, std::optional<double> value) {
  if (value) {
    sink.begin(info);
    sink.sample({}, *value);
  }
}

std::optional<double> open_files() {
  std::error_code error;
  const std::filesystem::directory_iterator list{"/proc/self/fd", error};
  if (error) {
    return std::nullopt;
  }
  return static_cast<double>(std::distance(begin(list), end(list)));
}

}  // namespace

void visit_process(MetricSink& sink) {
  const std::vector<std::string> fields = stat_fields();
  const auto field = [&](std::size_t number_in_manual) {
    const std::size_t index = number_in_manual - 3;
    return index < fields.size() ? number(fields[index]) : std::nullopt;
  };
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
  if (const auto user = field(14), system = field(15); user && system) {
    put(sink, metrics::kCpu, (*user + *system) / ticks);
  }
  put(sink, metrics::kVirtual, field(23));
  if (const auto pages = field(24)) {
    put(sink, metrics::kResident, *pages * page);
  }
  if (const auto since_boot = field(22), boot = boot_time(); since_boot && boot) {
    put(sink, metrics::kStart, *boot + *since_boot / ticks);
  }
  put(sink, metrics::kOpenFiles, open_files());
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    put(sink, metrics::kMaxFiles, static_cast<double>(limit.rlim_cur));
  }
}

}  // namespace isthmus::collector
