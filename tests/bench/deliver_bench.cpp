// From a finished traceroute to the bytes that leave the probe: encoding and decoding of batches of
// fifteen-hop traceroutes (bytes_per_trace is what one takes, compressed), and the spool, written
// with an fsync for each batch and replayed. The floor of the replay is read(2) of the same files.
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include <benchmark/benchmark.h>

#include "core/wire/result_batch.hpp"
#include "probe/deliver/spool.hpp"
#include "tests/support/random_traceroutes.hpp"
#include "tests/support/scratch_folder.hpp"

namespace {

using namespace isthmus;
using namespace isthmus::probe;
using isthmus::testing::RandomTraceroutes;
using isthmus::testing::ScratchFolder;

void encode_traceroutes(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const ResultBatch batch = RandomTraceroutes{1}.batch(count);
  BatchEncoder encoder;
  std::size_t bytes = 0;
  for (auto _ : state) {
    const std::string packed = encoder.encode(batch);
    bytes = packed.size();
    benchmark::DoNotOptimize(packed.data());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["bytes_per_trace"] = static_cast<double>(bytes) / static_cast<double>(count);
}
BENCHMARK(encode_traceroutes)->Arg(1)->Arg(16)->Arg(256)->Arg(1024);

void decode_traceroutes(benchmark::State& state) {
  const std::string packed =
      encode_batch(RandomTraceroutes{1}.batch(static_cast<std::size_t>(state.range(0))));
  BatchDecoder decoder;
  for (auto _ : state) {
    auto batch = decoder.decode(as_bytes(packed));
    benchmark::DoNotOptimize(batch);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(decode_traceroutes)->Arg(1)->Arg(256)->Arg(1024);

constexpr std::size_t kSpoolBytes = std::size_t{64} << 20;

std::unique_ptr<Spool> full_spool(const std::string& folder, std::size_t entry_bytes) {
  auto spool = Spool::open({.folder = folder}, {"a"}, {}).value();
  for (std::size_t done = 0; done < kSpoolBytes; done += entry_bytes) {
    spool->append({.traces = 1, .batch = std::string(entry_bytes, 'x')}, {});
    if (done % (std::size_t{1} << 20) < entry_bytes) {
      spool->flush({});
    }
  }
  spool->flush({});
  return spool;
}

void replay_spool(benchmark::State& state) {
  const ScratchFolder folder;
  const auto spool = full_spool(folder.path(), static_cast<std::size_t>(state.range(0)));
  std::vector<SpoolEntry> entries;
  std::int64_t bytes = 0;
  for (auto _ : state) {
    for (NumberRange rest = spool->range(); !rest.empty();) {
      rest.first = spool->read(rest, std::size_t{256} << 10, entries).end;
      for (const SpoolEntry& each : entries) {
        bytes += static_cast<std::int64_t>(each.batch.size());
      }
    }
  }
  state.SetBytesProcessed(bytes);
}
BENCHMARK(replay_spool)->Arg(400)->Arg(4'000)->Arg(40'000);

void open_spool(benchmark::State& state) {
  const ScratchFolder folder;
  full_spool(folder.path(), 400).reset();
  for (auto _ : state) {
    auto spool = Spool::open({.folder = folder.path()}, {"a"}, {});
    benchmark::DoNotOptimize(spool);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kSpoolBytes));
}
BENCHMARK(open_spool);

void read_files_floor(benchmark::State& state) {
  const ScratchFolder folder;
  full_spool(folder.path(), 400).reset();
  std::string buffer(std::size_t{256} << 10, '\0');
  std::int64_t bytes = 0;
  for (auto _ : state) {
    for (const auto& each : std::filesystem::directory_iterator{folder.path()}) {
      const int file = ::open(each.path().c_str(), O_RDONLY | O_CLOEXEC);
      for (ssize_t count = 1; count > 0;) {
        count = ::read(file, buffer.data(), buffer.size());
        bytes += count;
      }
      ::close(file);
    }
  }
  state.SetBytesProcessed(bytes);
}
BENCHMARK(read_files_floor);

void append_and_fsync(benchmark::State& state) {
  const ScratchFolder folder;
  const auto spool = Spool::open({.folder = folder.path()}, {"a"}, {}).value();
  for (auto _ : state) {
    spool->append({.traces = 2, .batch = std::string(400, 'x')}, {});
    spool->flush({});
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(append_and_fsync);

}  // namespace
