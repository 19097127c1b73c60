#include "collector/publish/alert_settings.hpp"

namespace isthmus::collector {

std::string_view to_string(AlertReceiver::Kind kind) {
  return kind == AlertReceiver::Kind::Alertmanager ? "alertmanager" : "webhook";
}

}  // namespace isthmus::collector
