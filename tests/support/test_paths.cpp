#include "tests/support/test_paths.hpp"

namespace isthmus::test {

const char* source_dir() {
  return ISTHMUS_SOURCE_DIR;
}
const char* binary_dir() {
  return ISTHMUS_BINARY_DIR;
}
const char* shared_data() {
  return ISTHMUS_SHARED_DATA;
}

}  // namespace isthmus::test
