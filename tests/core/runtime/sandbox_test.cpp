#include "core/runtime/sandbox.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <functional>
#include <thread>

#include <catch2/catch.hpp>

using namespace isthmus;

namespace {

/// Runs something in a confined child; its exit status, or minus the signal that ended it.
int confined(std::initializer_list<SandboxRoom> rooms, const std::function<int()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    const auto done = confine(rooms);
    _exit(!done ? 100 : !*done ? 101 : work());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int error_of(int result) {
  return result >= 0 ? 0 : errno;
}

bool can_confine() {
  const bool can = confined({}, [] { return 0; }) == 0;
  if (!can) {
    WARN("skipped: no seccomp filter here, or a build with a sanitizer");
  }
  return can;
}

}  // namespace

TEST_CASE("a confined program computes, and reads and writes what is open") {
  if (!can_confine()) {
    return;
  }
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  CHECK(confined({}, [&] {
          std::vector<char> memory(1 << 22, 'x');
          return write(ends[1], memory.data(), 3) == 3 ? 0 : 1;
        }) == 0);
  std::array<char, 8> text{};
  CHECK(read(ends[0], text.data(), text.size()) == 3);
  close(ends[0]);
  close(ends[1]);
}

TEST_CASE("what a confined program was not given is refused") {
  if (!can_confine()) {
    return;
  }
  const auto open_file = [] { return error_of(open("/dev/null", O_RDONLY)); };
  const auto datagram = [] { return error_of(socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)); };
  const auto stream = [] { return error_of(socket(AF_INET, SOCK_STREAM, 0)); };
  const auto packet = [] { return error_of(socket(AF_PACKET, SOCK_RAW, 0)); };
  const auto map_code = [] {
    return mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
                   MAP_FAILED
               ? errno
               : 0;
  };
  CHECK(confined({}, open_file) == EPERM);
  CHECK(confined({SandboxRoom::Files}, open_file) == 0);
  CHECK(confined({}, datagram) == EPERM);
  CHECK(confined({SandboxRoom::Datagrams}, datagram) == 0);
  CHECK(confined({SandboxRoom::Datagrams}, stream) == EPERM);
  CHECK(confined({SandboxRoom::Connections}, stream) == 0);
  CHECK(confined({SandboxRoom::Connections, SandboxRoom::Files}, packet) == EPERM);
  CHECK(confined({SandboxRoom::Files}, map_code) == EPERM);
  CHECK(confined({SandboxRoom::Libraries}, map_code) == 0);
}

TEST_CASE("threads start only with room for them") {
  if (!can_confine()) {
    return;
  }
  const auto start = [] {
    int value = 1;
    std::thread{[&] { value = 0; }}.join();
    return value;
  };
  CHECK(confined({SandboxRoom::Threads}, start) == 0);
}

TEST_CASE("another program ends a confined one at once") {
  if (!can_confine()) {
    return;
  }
  const auto start_shell = [] {
    execl("/bin/sh", "sh", "-c", "exit 0", nullptr);
    return 1;
  };
  CHECK(confined({SandboxRoom::Files, SandboxRoom::Libraries}, start_shell) == -SIGSYS);
}

TEST_CASE("dropped capabilities are gone, and no new ones can be had") {
  const pid_t child = fork();
  if (child == 0) {
    const bool dropped = drop_capabilities().has_value();
    const bool refused = socket(AF_PACKET, SOCK_RAW, 0) < 0 && errno == EPERM;
    _exit(dropped && refused ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(status == 0);
}
