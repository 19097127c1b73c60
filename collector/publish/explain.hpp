#pragma once

#include <string>

#include "collector/record/history.hpp"

namespace isthmus::collector {

/// An event with the reasons for it: what its rule demands, the evidence in words, and its score
/// computed again from the stored observations. One JSON object.
Result<std::string> explanation_json(const History& history, const Event& event);

}  // namespace isthmus::collector
