// Only its precompiled header is wanted: see tests/CMakeLists.txt.
