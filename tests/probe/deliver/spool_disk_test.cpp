// The spool against a disk and a kernel that do their worst. The tests run in processes of their
// own with mounts of their own, and leave nothing behind.
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <random>
#include <thread>

#include <sched.h>

#include "probe/deliver/spool.hpp"
#include "tests/support/scratch_folder.hpp"

using namespace isthmus;
using namespace isthmus::probe;
using isthmus::testing::ScratchFolder;

namespace {

constexpr Clocks kNow{.wall = TimePoint{std::chrono::seconds{1'506'848'871}}, .monotonic = {}};

SpoolEntry entry(std::uint64_t sequence, std::size_t size = 500) {
  return {.boot = 7,
          .first_sequence = sequence,
          .traces = 1,
          .batch = std::string(size, static_cast<char>(sequence))};
}

std::unique_ptr<Spool> open_spool(const std::string& folder) {
  auto spool =
      Spool::open({.folder = folder, .max_bytes = 1 << 20, .max_memory = 100'000}, {"a"}, kNow);
  return spool ? std::move(*spool) : nullptr;
}

/// Runs a story in a child with a small file system of its own at `folder`; returns the line in
/// which it failed, 0 if it did not.
template <typename F>
int in_child_with_tmpfs(const std::string& folder, const F& story) {
  const pid_t child = ::fork();
  if (child == 0) {
    int status = 0;
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=512k") != 0) {
      status = 1;
    } else {
      status = story();
    }
    ::_exit(status);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

/// The number of the first step that did not hold, for `in_child_with_tmpfs`.
class Steps {
 public:
  void require(bool holds) {
    ++step_;
    if (!holds && failed_ == 1) {
      failed_ = step_ + 1;
    }
  }
  [[nodiscard]] int result() const { return failed_ == 1 ? 0 : failed_; }

 private:
  int step_ = 0;
  int failed_ = 1;
};

}  // namespace

TEST_CASE("killed with -9 at any moment, the spool keeps all that was flushed", "[disk]") {
  const ScratchFolder folder;
  std::mt19937 random{11};
  std::uint64_t flushed = 0;
  for (int round = 0; round < 40; ++round) {
    int channel[2];
    REQUIRE(::pipe2(channel, O_CLOEXEC) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      const auto spool = open_spool(folder.path());
      while (spool != nullptr) {
        const std::uint64_t index = spool->append(entry(spool->range().end), kNow);
        if (index % 3 == 0 && spool->flush(kNow)) {
          static_cast<void>(!::write(channel[1], &index, sizeof index));
        }
        if (index % 64 == 0) {
          spool->delivered(0, {index / 2, index / 2 + 8});
          spool->save_cursors();
        }
      }
      ::_exit(1);
    }
    ::close(channel[1]);
    // Let it work for a while that is counted in flushes, not in time; then a little longer.
    std::uint64_t index = 0;
    for (auto left = 1 + random() % 20; left > 0; --left) {
      REQUIRE(::read(channel[0], &index, sizeof index) == sizeof index);
    }
    std::this_thread::sleep_for(std::chrono::microseconds{random() % 500});
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    while (::read(channel[0], &index, sizeof index) == sizeof index) {
    }
    ::close(channel[0]);
    REQUIRE(index > flushed);
    flushed = index;

    const auto spool = open_spool(folder.path());
    REQUIRE(spool != nullptr);
    REQUIRE(spool->range().end > flushed);
    REQUIRE(spool->counters().damaged == 0);
    std::vector<SpoolEntry> entries;
    std::uint64_t expected = spool->range().first;
    for (NumberRange rest = spool->range(); !rest.empty();) {
      rest.first = spool->read(rest, 100'000, entries).end;
      for (const SpoolEntry& each : entries) {
        REQUIRE(each.index == expected);
        REQUIRE(each.batch == entry(each.first_sequence).batch);
        ++expected;
      }
    }
    REQUIRE(expected == spool->range().end);
  }
}

TEST_CASE("on a full disk entries wait in memory, and go to disk when there is room", "[disk]") {
  const ScratchFolder folder;
  const std::string path = folder.path();
  const int failed = in_child_with_tmpfs(path, [&path] {
    Steps steps;
    const auto spool = open_spool(path);
    steps.require(spool != nullptr);
    spool->append(entry(1), kNow);
    steps.require(spool->flush(kNow));
    {
      std::ofstream ballast{path + "/ballast", std::ios::binary};
      ballast << std::string(600'000, 'x') << std::flush;
    }
    for (std::uint64_t i = 2; i <= 40; ++i) {
      spool->append(entry(i, 2'000), kNow);
      spool->flush(kNow);
    }
    steps.require(!spool->last_error().empty());
    steps.require(spool->memory_bytes() > 0);
    steps.require(spool->counters().dropped_entries == 0);
    std::vector<SpoolEntry> entries;
    spool->read({1, 41}, 1 << 20, entries);
    steps.require(entries.size() == 40);
    // More than the memory holds: the oldest of it goes, counted.
    for (std::uint64_t i = 41; i <= 100; ++i) {
      spool->append(entry(i, 2'000), kNow);
      spool->flush(kNow);
    }
    steps.require(spool->memory_bytes() <= 100'000);
    const std::uint64_t dropped = spool->counters().dropped_entries;
    steps.require(dropped > 0);
    steps.require(spool->owed(0) == 100 - dropped);
    ::unlink((path + "/ballast").c_str());
    steps.require(spool->flush(kNow));
    steps.require(spool->memory_bytes() == 0);
    spool->read({1, 101}, 1 << 20, entries);
    steps.require(entries.size() == 100 - dropped);
    return steps.result();
  });
  CHECK(failed == 0);
}

TEST_CASE("a full disk gives up the oldest for the newest", "[disk]") {
  const ScratchFolder folder;
  const std::string path = folder.path();
  const int failed = in_child_with_tmpfs(path, [&path] {
    Steps steps;
    const auto spool = open_spool(path);
    steps.require(spool != nullptr);
    for (std::uint64_t i = 1; i <= 2'000; ++i) {
      spool->append(entry(i, 1'000), kNow);
      steps.require(spool->flush(kNow));
    }
    steps.require(spool->counters().dropped_entries > 0);
    steps.require(spool->memory_bytes() == 0);
    steps.require(spool->range().end == 2'001);
    std::vector<SpoolEntry> entries;
    spool->read({1'990, 2'001}, 1 << 20, entries);
    steps.require(entries.size() == 11);
    return steps.result();
  });
  CHECK(failed == 0);
}

TEST_CASE("from a read-only disk what is there is delivered, and the new from memory", "[disk]") {
  const ScratchFolder folder;
  const std::string path = folder.path();
  const int failed = in_child_with_tmpfs(path, [&path] {
    Steps steps;
    {
      const auto spool = open_spool(path);
      for (std::uint64_t i = 1; i <= 10; ++i) {
        spool->append(entry(i), kNow);
      }
      steps.require(spool->flush(kNow));
    }
    steps.require(::mount(nullptr, path.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0);
    const auto spool = open_spool(path);
    steps.require(spool != nullptr);
    spool->append(entry(11), kNow);
    steps.require(!spool->flush(kNow));
    std::vector<SpoolEntry> entries;
    steps.require(spool->read({1, 12}, 1 << 20, entries) == NumberRange{1, 12});
    steps.require(entries.size() == 11);
    spool->delivered(0, {1, 12});
    spool->save_cursors();
    steps.require(spool->counters().cursor_failures == 1);
    steps.require(spool->owed(0) == 0);
    return steps.result();
  });
  CHECK(failed == 0);
}
