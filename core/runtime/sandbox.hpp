#pragma once

#include <cstdint>
#include <initializer_list>

#include "core/base/result.hpp"

namespace isthmus {

/// What a confined program does beyond computing, reading and writing what it has open already.
enum class SandboxRoom : std::uint8_t {
  Datagrams,    ///< new UDP sockets over IPv4 and IPv6
  Connections,  ///< new TCP connections, out and in; UNIX sockets, such as syslog's
  Files,        ///< open, create, rename and remove files, within its usual permissions
  Threads,      ///< new threads
  Libraries,    ///< map code: the resolver of glibc loads its modules when first asked
};

/// Drops every capability of the process for good, and the right to gain new ones; root, too, keeps
/// none. Call it when all that needs one is open.
Result<bool> drop_capabilities();

/// Lets the process, with all its threads, do only this from now on (seccomp). A system call
/// outside fails with EPERM; one that only an intruder would make (another program, tracing,
/// mounting, kernel modules) ends the process at once. New code cannot be mapped without
/// `Libraries`.
///
/// False, and nothing done, where the kernel has no seccomp filter or the program is built with a
/// sanitizer, which needs more than it should.
Result<bool> confine(std::initializer_list<SandboxRoom> rooms);

}  // namespace isthmus
