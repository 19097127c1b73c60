#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include "core/runtime/task.hpp"

namespace isthmus::testing {

/// Accepts one connection after the other: the n-th plays the n-th scene, and each further one the
/// last. A Server has `acceptor`, `scenes`, `connections` and `play(Server&, socket, scene)`.
template <typename Server>
Task<> serve_scenes(Server& server) {
  for (;;) {
    auto [error, socket] = co_await server.acceptor.async_accept(kAsTuple);
    if (error) {
      co_return;
    }
    const std::size_t number = std::min(server.connections++, server.scenes.size() - 1);
    co_await Server::play(server, std::move(socket), server.scenes[number]);
  }
}

}  // namespace isthmus::testing
