#pragma once

#include <memory>

#include "collector/label/labeller.hpp"
#include "collector/settings.hpp"
#include "core/base/result.hpp"

namespace isthmus::collector {

/// The tables that the configuration names, ready to be asked.
Result<std::shared_ptr<const Labeller>> load_labels(const LabelSettings& settings);

}  // namespace isthmus::collector
