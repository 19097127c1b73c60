#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/time.hpp"
#include "core/net/prefix.hpp"

namespace isthmus::collector {

/// Routers that may speak BMP to us.
struct BmpRouterSettings {
  std::string name;          ///< the source of its vantage points
  std::vector<Prefix> from;  ///< where it calls from
  friend bool operator==(const BmpRouterSettings&, const BmpRouterSettings&) = default;
};

struct BmpSettings {
  std::vector<std::string> listen;  ///< addresses as ":11019"; empty: no BMP
  std::string certificate_file;     ///< of ours, PEM; empty: without TLS
  std::string key_file;
  std::string client_ca_file;  ///< who signed routers' certificates; empty: none is asked for
  std::int64_t max_connections = 1024;
  std::vector<BmpRouterSettings> routers;
  friend bool operator==(const BmpSettings&, const BmpSettings&) = default;
};

struct RisLiveSettings {
  std::string url;                      ///< empty: not used
  std::vector<std::string> collectors;  ///< "rrc00"; empty: all
  friend bool operator==(const RisLiveSettings&, const RisLiveSettings&) = default;
};

/// A route collector that is followed through the archives it publishes.
struct FollowSettings {
  std::string location;             ///< a folder, or the URL of one
  std::string collector;            ///< empty: told from the location
  std::vector<std::string> layout;  ///< one word, or folders
  bool table = true;
  Duration look_back = std::chrono::hours{8};
  Duration interval = std::chrono::minutes{1};
  friend bool operator==(const FollowSettings&, const FollowSettings&) = default;
};

/// What routers say, while they say it.
struct FeedSettings {
  bool keep_all = false;  ///< routes that concern nothing watched too
  Duration hold = std::chrono::minutes{5};
  std::string ca_file;  ///< who signed the certificates of servers; empty: the system's list
  BmpSettings bmp;
  RisLiveSettings ris_live;
  std::vector<FollowSettings> follow;
  std::vector<std::string> rtr;  ///< RPKI caches, "tcp://host:323"; the preferred one first

  /// Whether there is a feed of routes.
  [[nodiscard]] bool any() const {
    return !bmp.listen.empty() || !ris_live.url.empty() || !follow.empty();
  }
  friend bool operator==(const FeedSettings&, const FeedSettings&) = default;
};

}  // namespace isthmus::collector
