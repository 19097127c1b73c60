#pragma once

#include <string>
#include <string_view>

#include "tool/command.hpp"

namespace isthmus::tool {

/// Standard output in large pieces. After a failed write `good` is false and the command may stop.
/// A reader that goes away (`| head`) is no error of ours; anything else, such as a full disk, is
/// told to the outcome.
class Output {
 public:
  explicit Output(Outcome& outcome);
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  /// To be appended to; `spill` writes it out when enough has come together.
  std::string& text() { return text_; }
  void spill() {
    if (text_.size() >= kSpill) {
      flush();
    }
  }
  void flush();
  [[nodiscard]] bool good() const { return good_; }

 private:
  void give_up(int code);

  static constexpr std::size_t kSpill = std::size_t{1} << 18;
  Outcome* outcome_;
  std::string text_;
  bool good_ = true;
};

/// Writes a line to standard error.
void say(std::string_view line);

/// Whether standard error is a terminal that people look at.
bool is_terminal();

}  // namespace isthmus::tool
