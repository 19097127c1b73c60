#pragma once

namespace isthmus::test {

/// Where things are. Functions and not macros: what a test is compiled with must not name the
/// folder of a clone, or no two clones could share a compiler cache.

/// The top of the source tree.
const char* source_dir();
/// Where the programs are built.
const char* binary_dir();
/// The folder of real captures; empty where there is none, which is so everywhere but on the
/// developers' machines.
const char* shared_data();

}  // namespace isthmus::test
