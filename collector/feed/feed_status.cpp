#include "collector/feed/feed_status.hpp"

namespace isthmus::collector {

std::string_view to_string(FeedKind kind) {
  switch (kind) {
    case FeedKind::Bmp:
      return "bmp";
    case FeedKind::RisLive:
      return "ris_live";
    case FeedKind::Archive:
      return "archive";
    case FeedKind::Rtr:
      break;
  }
  return "rtr";
}

std::string_view to_string(FeedState state) {
  switch (state) {
    case FeedState::Waiting:
      return "waiting";
    case FeedState::CatchingUp:
      return "catching_up";
    case FeedState::Live:
      return "live";
    case FeedState::Lost:
      return "lost";
    case FeedState::Refused:
      return "refused";
    case FeedState::Stopped:
      break;
  }
  return "stopped";
}

std::string_view to_string(PeerState state) {
  switch (state) {
    case PeerState::Up:
      return "up";
    case PeerState::Down:
      return "down";
    case PeerState::Silent:
      return "silent";
    case PeerState::Stuck:
      return "stuck";
    case PeerState::Stale:
      break;
  }
  return "stale";
}

}  // namespace isthmus::collector
