#include "core/runtime/sandbox.hpp"

#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include <seccomp.h>

namespace isthmus {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

/// Memory, time, signals, waiting, and descriptors that are open.
constexpr int kAlways[] = {
    SCMP_SYS(brk),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(close),
    SCMP_SYS(dup),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(eventfd2),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(fcntl),
    SCMP_SYS(fdatasync),
    SCMP_SYS(fstat),
    SCMP_SYS(fsync),
    SCMP_SYS(futex),
    SCMP_SYS(getpid),
    SCMP_SYS(getrandom),
    SCMP_SYS(getrusage),
    SCMP_SYS(getsockname),
    SCMP_SYS(getsockopt),
    SCMP_SYS(gettid),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(ioctl),
    SCMP_SYS(lseek),
    SCMP_SYS(madvise),
    SCMP_SYS(mremap),
    SCMP_SYS(munmap),
    SCMP_SYS(nanosleep),
    SCMP_SYS(newfstatat),
    SCMP_SYS(pipe2),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmmsg),
    SCMP_SYS(recvmsg),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(rseq),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sendmmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(sendto),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(setsockopt),
    SCMP_SYS(shutdown),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(sysinfo),
    SCMP_SYS(tgkill),
    SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(uname),
    SCMP_SYS(write),
    SCMP_SYS(writev),
};

constexpr int kFiles[] = {
    SCMP_SYS(access),     SCMP_SYS(copy_file_range), SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2), SCMP_SYS(fallocate),       SCMP_SYS(fchmod),
    SCMP_SYS(flock),      SCMP_SYS(fstatfs),         SCMP_SYS(ftruncate),
    SCMP_SYS(getcwd),     SCMP_SYS(getdents64),      SCMP_SYS(inotify_add_watch),
    SCMP_SYS(link),       SCMP_SYS(linkat),          SCMP_SYS(lstat),
    SCMP_SYS(mkdir),      SCMP_SYS(mkdirat),         SCMP_SYS(open),
    SCMP_SYS(openat),     SCMP_SYS(readlink),        SCMP_SYS(readlinkat),
    SCMP_SYS(rename),     SCMP_SYS(renameat),        SCMP_SYS(renameat2),
    SCMP_SYS(rmdir),      SCMP_SYS(sendfile),        SCMP_SYS(stat),
    SCMP_SYS(statfs),     SCMP_SYS(statx),           SCMP_SYS(umask),
    SCMP_SYS(unlink),     SCMP_SYS(unlinkat),        SCMP_SYS(utimensat),
};

constexpr int kConnections[] = {
    SCMP_SYS(accept),      SCMP_SYS(accept4), SCMP_SYS(bind),       SCMP_SYS(connect),
    SCMP_SYS(getpeername), SCMP_SYS(listen),  SCMP_SYS(socketpair),
};

constexpr int kThreads[] = {
    SCMP_SYS(clone),
    SCMP_SYS(clone3),
    SCMP_SYS(prctl),
    SCMP_SYS(sched_getparam),
    SCMP_SYS(sched_getscheduler),
    SCMP_SYS(set_tid_address),
};

constexpr int kLibraries[] = {
    SCMP_SYS(access), SCMP_SYS(mmap),    SCMP_SYS(mprotect), SCMP_SYS(open),
    SCMP_SYS(openat), SCMP_SYS(pread64), SCMP_SYS(stat),
};

/// No part of any work of ours.
constexpr int kDeadly[] = {
    SCMP_SYS(add_key),          SCMP_SYS(bpf),
    SCMP_SYS(delete_module),    SCMP_SYS(execve),
    SCMP_SYS(execveat),         SCMP_SYS(finit_module),
    SCMP_SYS(init_module),      SCMP_SYS(kexec_load),
    SCMP_SYS(keyctl),           SCMP_SYS(mount),
    SCMP_SYS(perf_event_open),  SCMP_SYS(pivot_root),
    SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
    SCMP_SYS(ptrace),           SCMP_SYS(reboot),
    SCMP_SYS(request_key),      SCMP_SYS(setns),
    SCMP_SYS(swapon),           SCMP_SYS(umount2),
    SCMP_SYS(unshare),          SCMP_SYS(userfaultfd),
};

/// The rules of one filter; the first that is refused is remembered.
class Filter {
 public:
  Filter() : context_{seccomp_init(SCMP_ACT_ERRNO(EPERM)), &seccomp_release} {}

  template <std::size_t Count>
  void allow(const int (&calls)[Count]) {
    for (const int call : calls) {
      note(seccomp_rule_add(context_.get(), SCMP_ACT_ALLOW, call, 0));
    }
  }
  template <std::size_t Count>
  void kill(const int (&calls)[Count]) {
    for (const int call : calls) {
      note(seccomp_rule_add(context_.get(), SCMP_ACT_KILL_PROCESS, call, 0));
    }
  }
  /// Allows a call where the bits of an argument under a mask have a value.
  void allow_where(int call, unsigned argument, std::uint64_t mask, std::uint64_t value) {
    const scmp_arg_cmp where{argument, SCMP_CMP_MASKED_EQ, mask, value};
    note(seccomp_rule_add_array(context_.get(), SCMP_ACT_ALLOW, call, 1, &where));
  }
  void allow_socket(int family, int type) {
    const std::array<scmp_arg_cmp, 2> where{
        {{0, SCMP_CMP_EQ, static_cast<scmp_datum_t>(family), 0},
         {1, SCMP_CMP_MASKED_EQ, 0xf, static_cast<scmp_datum_t>(type)}}};
    note(seccomp_rule_add_array(context_.get(), SCMP_ACT_ALLOW, SCMP_SYS(socket), where.size(),
                                where.data()));
  }
  /// 0, or a negative errno.
  int load() {
    if (!context_) {
      return -ENOMEM;
    }
    // All threads, those that run already included.
    note(seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_TSYNC, 1));
    return status_ != 0 ? status_ : seccomp_load(context_.get());
  }

 private:
  void note(int status) {
    // A call that this architecture does not have needs no rule.
    if (status != 0 && status != -EDOM && status_ == 0) {
      status_ = status;
    }
  }

  std::unique_ptr<void, decltype(&seccomp_release)> context_;
  int status_ = 0;
};

void add_room(Filter& filter, SandboxRoom room) {
  switch (room) {
    case SandboxRoom::Datagrams:
      filter.allow_socket(AF_INET, SOCK_DGRAM);
      filter.allow_socket(AF_INET6, SOCK_DGRAM);
      break;
    case SandboxRoom::Connections:
      filter.allow(kConnections);
      filter.allow_socket(AF_INET, SOCK_STREAM);
      filter.allow_socket(AF_INET6, SOCK_STREAM);
      filter.allow_socket(AF_UNIX, SOCK_STREAM);
      filter.allow_socket(AF_UNIX, SOCK_DGRAM);
      filter.allow_socket(AF_NETLINK, SOCK_RAW);  // the resolver asks for our own addresses
      break;
    case SandboxRoom::Files:
      filter.allow(kFiles);
      break;
    case SandboxRoom::Threads:
      filter.allow(kThreads);
      break;
    case SandboxRoom::Libraries:
      filter.allow(kLibraries);
      break;
  }
}

}  // namespace

Result<bool> drop_capabilities() {
  for (int each = 0; prctl(PR_CAPBSET_READ, each, 0, 0, 0) >= 0; ++each) {
    // Fails without CAP_SETPCAP; then there is nothing above our own set to gain either.
    prctl(PR_CAPBSET_DROP, each, 0, 0, 0);
  }
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const std::array<__user_cap_data_struct, 2> none{};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      syscall(SYS_capset, &header, none.data()) != 0) {
    return fail(std::string{"cannot drop capabilities: "} + std::strerror(errno));
  }
  return true;
}

Result<bool> confine(std::initializer_list<SandboxRoom> rooms) {
  if (kSanitized) {
    return false;
  }
  Filter filter;
  filter.allow(kAlways);
  filter.kill(kDeadly);
  filter.allow_where(SCMP_SYS(mmap), 2, PROT_EXEC, 0);
  filter.allow_where(SCMP_SYS(mprotect), 2, PROT_EXEC, 0);
  for (const SandboxRoom room : rooms) {
    add_room(filter, room);
  }
  const int status = filter.load();
  if (status == -EINVAL || status == -ENOSYS) {
    return false;
  }
  if (status != 0) {
    return fail(std::string{"cannot confine the program (seccomp): "} + std::strerror(-status));
  }
  return true;
}

}  // namespace isthmus
