// Measures what decoding an archive costs when its bytes are in memory:
// feed_bench RUNS FILE...
//
// paths       what detection asks for: AS path, origin, OTC
// everything  all attributes, as typed elements
// text        the lines of `bgpdump -m`
//
// The unit of work is one archive; of several runs the best counts.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "collector/feed/bgpdump_text.hpp"
#include "collector/feed/mrt_reader.hpp"
#include "tests/bench/cost.hpp"

namespace {

using namespace isthmus;
using namespace isthmus::collector;
using namespace isthmus::bench;

/// Hands each element of an archive to `take`; returns how many there were.
template <typename Take>
std::uint64_t decode(const std::string& bytes, Detail detail, Take&& take) {
  MrtReader::Options options;
  options.source = "bench";
  options.detail = detail;
  MrtReader reader{memory_input(as_bytes(bytes)), "bench", options};
  std::uint64_t count = 0;
  while (const MrtElement* element = reader.next_element()) {
    take(*element);
    ++count;
  }
  return count;
}

void bench_archive(const std::string& path, int runs) {
  const std::string bytes = content(path);
  const std::string name = path.substr(path.rfind('/') + 1);
  std::uint64_t elements = 0;
  const auto say = [&](const char* what, const Cost& cost) {
    const auto count = static_cast<double>(elements);
    report(fmt::format("{} {}", what, name),
           {{"elements", count},
            {"bytes", static_cast<double>(bytes.size())},
            {"cpu", cost.cpu},
            {"elements_per_second", count / cost.cpu},
            {"bytes_per_second", static_cast<double>(bytes.size()) / cost.cpu}});
  };
  const auto bench_decode = [&](const char* what, Detail detail) {
    say(what, measure(runs, RUSAGE_SELF, [&] {
          elements = decode(bytes, detail, [](const MrtElement& /*element*/) {});
        }));
  };
  bench_decode("paths", Detail::Paths);
  bench_decode("everything", Detail::Everything);
  say("text", measure(runs, RUSAGE_SELF, [&] {
        BgpdumpText text{BgpdumpText::Form::Full};
        std::string out;
        elements = decode(bytes, Detail::Everything, [&](const MrtElement& element) {
          text.append(out, element);
          if (out.size() > (1 << 18)) {
            out.clear();
          }
        });
      }));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "feed_bench RUNS FILE...\n");
    return 2;
  }
  for (int i = 2; i < argc; ++i) {
    bench_archive(argv[i], std::max(1, std::atoi(argv[1])));
  }
  return 0;
}
