# SPDX-License-Identifier: Apache-2.0
# Compiler, warnings, sanitizers. A preset chooses; nothing else in the tree sets compiler flags.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

set(PENSTOCK_SANITIZE "" CACHE STRING "Sanitizers for the whole tree, for example address,undefined")
option(PENSTOCK_FUZZ "Build the libFuzzer targets (needs clang)" OFF)
option(PENSTOCK_TESTS "Build the tests" ON)
option(PENSTOCK_UNITY "Compile sources of the heavy modules several at a time: half the work" ON)

# A compiler cache, where the machine has one, spares rebuilding in other build folders.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE_PROGRAM})
endif()

# A quick linker, where the machine has it: every module links a test program of its own.
find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Werror
    -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these in its own library headers once coroutines are inlined; clang checks the same code without.
  add_compile_options(-Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds
      -Wno-stringop-overread -Wno-mismatched-new-delete)
endif()
if(PENSTOCK_SANITIZE)
  add_compile_definitions(PENSTOCK_SANITIZED)
  add_compile_options(-fsanitize=${PENSTOCK_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${PENSTOCK_SANITIZE})
endif()
# What libFuzzer steers by. It makes compilers and programs a sixth slower, so the build that has all the tests has it in
# the pure modules only, see penstock.cmake.
if(PENSTOCK_FUZZ AND NOT PENSTOCK_TESTS)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
