#pragma once

#include <string>
#include <string_view>

namespace isthmus::tool {

/// Standard output in large pieces. A reader that goes away (`| head`) is no error of ours: then
/// `good` turns false and the command may stop.
class Output {
 public:
  Output();
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
  static constexpr std::size_t kSpill = std::size_t{1} << 18;
  std::string text_;
  bool good_ = true;
};

/// Writes a line to standard error.
void say(std::string_view line);

/// Whether standard error is a terminal that people look at.
bool is_terminal();

}  // namespace isthmus::tool
