# SPDX-License-Identifier: Apache-2.0
# penstock_library(NAME SRCS … DEPS … [LIBS …] [UNITY])   one module: static library penstock_NAME, include root src/.
#   UNITY: its sources are compiled several at a time, for modules whose headers cost more than their own text. Names in
#   their unnamed namespaces are then the module's, so two of them must differ; PENSTOCK_UNITY=OFF compiles each alone.
# penstock_test(NAME SRCS … [DEPS …] [LIBS …] [LABELS …] [UNITY] [TSAN …])  one gtest program test_NAME for the module
#   TSAN: sources worth their time under ThreadSanitizer, because they have threads; that build compiles only these
# penstock_fuzz(NAME DEPS …)                    the libFuzzer program fuzz_NAME of fuzz/fuzz_NAME.cc (presets asan and fuzz)
# penstock_program(NAME SRCS … DEPS … [LIBS …])   an executable in bin/
# penstock_shipped_texts(NAME HEADER SOURCE)    the files of conf/NAME: installed, and built into the module by way of the
#   made file ${SOURCE}, which defines the shipped_texts() of HEADER; so the program finds them wherever it is started
# DEPS are modules of ours (checked against src/README.md), LIBS third-party targets.

# One precompiled header for all modules, and a second one with Asio for those that do I/O.
add_library(penstock_pch_std OBJECT ${CMAKE_SOURCE_DIR}/cmake/pch.cc)
target_precompile_headers(penstock_pch_std PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch_std.h)
add_library(penstock_pch_asio OBJECT ${CMAKE_SOURCE_DIR}/cmake/pch.cc)
target_precompile_headers(penstock_pch_asio PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch_asio.h)
add_library(penstock_pch_test OBJECT ${CMAKE_SOURCE_DIR}/cmake/pch.cc)
target_precompile_headers(penstock_pch_test PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch_test.h)
foreach(pch IN ITEMS penstock_pch_std penstock_pch_asio penstock_pch_test)
  target_include_directories(${pch} PRIVATE ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(${pch} PRIVATE penstock_options)
endforeach()

# The tests' own code is not optimised: it is half of all that is compiled, and runs once. What it tests is.
set(PENSTOCK_TEST_FLAGS -O0)
if(PENSTOCK_TESTS)
  target_link_libraries(penstock_pch_test PRIVATE GTest::gmock GTest::gtest)
  target_compile_options(penstock_pch_test PRIVATE ${PENSTOCK_TEST_FLAGS})
endif()

add_library(penstock_options INTERFACE)
target_compile_definitions(penstock_options INTERFACE
    BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_BEAST_SEPARATE_COMPILATION
    SPDLOG_FMT_EXTERNAL PENSTOCK_VERSION="${PROJECT_VERSION}")
target_link_libraries(penstock_options INTERFACE Threads::Threads fmt::fmt spdlog::spdlog)

# Sanitizer builds are not optimised, but for what needs no Asio: the parsers, the spool, the rules. These are most of
# what tests and fuzz targets run, and quickly compiled.
if(PENSTOCK_SANITIZE)
  set(PENSTOCK_PURE_FLAGS -O1)
  if(PENSTOCK_FUZZ)
    list(APPEND PENSTOCK_PURE_FLAGS -fsanitize=fuzzer-no-link)
  endif()
endif()
target_compile_options(penstock_pch_std PRIVATE ${PENSTOCK_PURE_FLAGS})

function(penstock_setup target pch)
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/src)
  target_precompile_headers(${target} REUSE_FROM ${pch})
  if(pch STREQUAL "penstock_pch_std")
    target_compile_options(${target} PRIVATE ${PENSTOCK_PURE_FLAGS})
  endif()
endfunction()

function(penstock_unity target)
  if(PENSTOCK_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 6)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # Coroutine frames of a file that is included seem to have no linkage, and nobody else sees them.
      target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
    endif()
  endif()
endfunction()

function(penstock_library name)
  cmake_parse_arguments(A "ASIO;UNITY" "" "SRCS;DEPS;LIBS" ${ARGN})
  add_library(penstock_${name} STATIC ${A_SRCS})
  if(A_UNITY)
    penstock_unity(penstock_${name})
  endif()
  target_include_directories(penstock_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  list(TRANSFORM A_DEPS PREPEND penstock_)
  target_link_libraries(penstock_${name} PUBLIC penstock_options ${A_DEPS} ${A_LIBS})
  if(A_ASIO)
    penstock_setup(penstock_${name} penstock_pch_asio)
  elseif(NOT (A_UNITY AND PENSTOCK_SANITIZE))  # these take minutes when they are optimised, see above
    penstock_setup(penstock_${name} penstock_pch_std)
  endif()
endfunction()

# What `make build` builds: all penstock_program()s. What the tsan build is for. The fuzz targets, and what they link.
add_custom_target(programs)
add_custom_target(tsan_tests)
add_custom_target(fuzz_targets)

function(penstock_test name)
  cmake_parse_arguments(A "UNITY" "" "SRCS;DEPS;LIBS;LABELS;TSAN" ${ARGN})
  if(NOT PENSTOCK_TESTS OR (PENSTOCK_SANITIZE STREQUAL "thread" AND NOT A_TSAN))
    return()
  endif()
  if(PENSTOCK_SANITIZE STREQUAL "thread")
    set(A_SRCS)
  endif()
  add_executable(test_${name} ${A_SRCS} ${A_TSAN})
  if(A_UNITY)
    penstock_unity(test_${name})
  endif()
  list(TRANSFORM A_DEPS PREPEND penstock_)
  target_include_directories(test_${name} PRIVATE ${CMAKE_SOURCE_DIR})
  if(NOT A_DEPS)
    set(A_DEPS penstock_${name})
  endif()
  target_link_libraries(test_${name} PRIVATE penstock_options ${A_DEPS} ${A_LIBS} GTest::gmock GTest::gtest_main)
  penstock_setup(test_${name} penstock_pch_test)
  target_compile_options(test_${name} PRIVATE ${PENSTOCK_TEST_FLAGS})
  target_compile_definitions(test_${name} PRIVATE PENSTOCK_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  if(NOT A_LABELS)
    set(A_LABELS unit)
  endif()
  if(A_TSAN)
    list(APPEND A_LABELS tsan)
    add_dependencies(tsan_tests test_${name})
  endif()
  string(REPLACE ";" "," labels "${A_LABELS}")
  set_property(GLOBAL APPEND_STRING PROPERTY penstock_tests "${name}\t$<TARGET_FILE:test_${name}>\t${labels}\n")
  gtest_discover_tests(test_${name} TEST_PREFIX "${name}." PROPERTIES LABELS "${A_LABELS}" TIMEOUT 120
      DISCOVERY_MODE PRE_TEST)
endfunction()

# tools/run_tests.py reads what this writes: one line per test program.
function(penstock_write_test_list)
  get_property(tests GLOBAL PROPERTY penstock_tests)
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/tests.list CONTENT "${tests}")
endfunction()

function(penstock_shipped_texts name header source)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/conf/${name}/*.toml)
  string(REPLACE ";" "," list "${files}")
  set(made ${CMAKE_CURRENT_BINARY_DIR}/shipped_texts.cc)
  set(script ${CMAKE_SOURCE_DIR}/cmake/embed_texts.cmake)
  add_custom_command(
      OUTPUT ${made}
      COMMAND ${CMAKE_COMMAND} -D OUT=${made} -D MODULE=${name} -D HEADER=${header} -D FILES=${list} -P ${script}
      DEPENDS ${files} ${script}
      COMMENT "Embedding conf/${name}"
      VERBATIM)
  install(FILES ${files} DESTINATION share/penstock/${name})
  set(${source} ${made} PARENT_SCOPE)
endfunction()

function(penstock_program name)
  cmake_parse_arguments(A "ASIO" "" "SRCS;DEPS;LIBS" ${ARGN})
  add_executable(${name} ${A_SRCS})
  add_dependencies(programs ${name})
  list(TRANSFORM A_DEPS PREPEND penstock_)
  target_link_libraries(${name} PRIVATE penstock_options ${A_DEPS} ${A_LIBS})
  if(A_ASIO)
    penstock_setup(${name} penstock_pch_asio)
  else()
    penstock_setup(${name} penstock_pch_std)
  endif()
endfunction()

function(penstock_fuzz name)
  cmake_parse_arguments(A "" "" "DEPS;LIBS" ${ARGN})
  if(NOT PENSTOCK_FUZZ)
    return()
  endif()
  add_executable(fuzz_${name} ${CMAKE_SOURCE_DIR}/fuzz/fuzz_${name}.cc)
  list(TRANSFORM A_DEPS PREPEND penstock_)
  target_include_directories(fuzz_${name} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(fuzz_${name} PRIVATE penstock_options ${A_DEPS} ${A_LIBS})
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  add_dependencies(fuzz_targets fuzz_${name})
endfunction()
