option(ISTHMUS_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(ISTHMUS_BENCH "Build the benchmarks" OFF)
option(ISTHMUS_FUZZ "Build the fuzz targets (needs Clang)" OFF)
option(ISTHMUS_WERROR "Treat warnings as errors" OFF)
set(ISTHMUS_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=: address,undefined or thread")

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

find_program(ISTHMUS_CCACHE ccache)
if(ISTHMUS_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The PCH of the tests carries a time stamp, and a build folder's path would part one clone's cache from another's.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
      CCACHE_NOHASHDIR=1 ${ISTHMUS_CCACHE})
endif()
find_program(ISTHMUS_MOLD mold)
if(ISTHMUS_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# What every target of ours is compiled with, and nothing else is.
add_library(isthmus_options INTERFACE)
target_compile_features(isthmus_options INTERFACE cxx_std_20)
target_include_directories(isthmus_options INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_options(
  isthmus_options
  INTERFACE -Wall
            -Wextra
            -Wpedantic
            -Wshadow
            -Wconversion
            -Wsign-conversion
            -Wold-style-cast
            -Woverloaded-virtual
            -Wnon-virtual-dtor
            -Wimplicit-fallthrough
            -Wformat=2
            -Wno-missing-field-initializers # we leave fields out of designated initializers
            $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond;-Wlogical-op;-Wuseless-cast;-Wsuggest-override>
            $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety;-Wunreachable-code>
            $<$<BOOL:${ISTHMUS_WERROR}>:-Werror>)
if(ISTHMUS_SANITIZE)
  add_compile_options(-fsanitize=${ISTHMUS_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${ISTHMUS_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND ISTHMUS_SANITIZE MATCHES "undefined")
    # Clang 14 cannot assemble coroutines under this check ("difference across sections").
    add_compile_options(-fno-sanitize=function)
  endif()
endif()
