# isthmus_library(core_net SOURCES prefix.cpp DEPENDS core_base LINKS Boost::headers)
#
# DEPENDS names libraries of ours, which must have been added before: this keeps the layers acyclic.
# LINKS names everything else. A library without sources is an interface library.
function(isthmus_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS;LINKS;PRIVATE_LINKS")
  foreach(dependency IN LISTS arg_DEPENDS)
    if(NOT TARGET ${dependency})
      message(FATAL_ERROR "${name} depends on ${dependency}, which is not in a lower layer")
    endif()
  endforeach()
  if(NOT arg_SOURCES)
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE isthmus_options ${arg_DEPENDS} ${arg_LINKS})
    return()
  endif()
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(
    ${name}
    PUBLIC isthmus_options ${arg_DEPENDS} ${arg_LINKS}
    PRIVATE ${arg_PRIVATE_LINKS})
endfunction()

# isthmus_test(core_net_test SOURCES prefix_test.cpp DEPENDS core_net)
#
# One Catch2 program for a folder; each of its test cases becomes a test of CTest (with a
# sanitizer the whole program does). tests/support/test_paths.hpp says
# where sources, programs and real captures are. LABELS and TIMEOUT are CTest's. What has
# the label `threads` is also run under ThreadSanitizer, and the target thread_tests builds all of that.
function(isthmus_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;DEPENDS;LINKS;LABELS")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE isthmus_options ${arg_DEPENDS} ${arg_LINKS} test_paths
                                        Catch2::Catch2WithMain Catch2::Catch2)
  target_precompile_headers(${name} REUSE_FROM test_catch)
  if(ISTHMUS_SANITIZE)
    # A sanitizer's process takes half a second to begin: all cases in one.
    math(EXPR arg_TIMEOUT "10 * ${arg_TIMEOUT}")
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
  else()
    catch_discover_tests(
      ${name}
      DISCOVERY_MODE PRE_TEST
      PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
  endif()
  if("threads" IN_LIST arg_LABELS)
    if(NOT TARGET thread_tests)
      add_custom_target(thread_tests)
    endif()
    add_dependencies(thread_tests ${name})
  endif()
endfunction()

# isthmus_fuzz(mrt_fuzz DEPENDS collector_feed): a libFuzzer target from mrt_fuzz.cpp; its seeds are in corpus/mrt_fuzz.
function(isthmus_fuzz name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "DEPENDS;LINKS")
  add_executable(${name} ${name}.cpp)
  target_link_libraries(${name} PRIVATE isthmus_options ${arg_DEPENDS} ${arg_LINKS})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endfunction()
