# One library per folder of src/, one test program per folder of tests/unit/. Folders name what they
# may use; the include rules are checked by tests/layering_test.py as well.

find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(RocksDB REQUIRED)
find_package(pugixml REQUIRED)
find_package(CLI11 REQUIRED)
find_package(SQLite3 3.40 REQUIRED)
find_path(FLATBUFFERS_INCLUDE flatbuffers/flatbuffers.h REQUIRED)  # headers only
find_package(PkgConfig REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd)
pkg_check_modules(LIBURING REQUIRED IMPORTED_TARGET liburing)
pkg_check_modules(PARQUET REQUIRED IMPORTED_TARGET snappy liblz4 libzstd libbrotlidec zlib)
find_library(MIMALLOC_LIBRARY mimalloc REQUIRED)
find_program(THRIFT_COMPILER thrift REQUIRED)
find_path(THRIFT_INCLUDE thrift/Thrift.h REQUIRED)
find_library(THRIFT_LIBRARY libthrift.a REQUIRED)  # Debian's shared one would bring Qt along

add_library(blobgate_options INTERFACE)
target_include_directories(blobgate_options INTERFACE ${CMAKE_SOURCE_DIR}/src
                                                      ${CMAKE_SOURCE_DIR}/include)
target_compile_options(blobgate_options INTERFACE -Wall -Wextra -Wpedantic -Werror -Wshadow=local)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(blobgate_options INTERFACE -Wno-shadow -Wno-unknown-warning-option)
else()
  # GCC 12's flow analysis sees uninitialised values in std::expected and coroutine frames.
  target_compile_options(blobgate_options INTERFACE -Wno-maybe-uninitialized)
endif()
target_compile_definitions(
  blobgate_options
  INTERFACE BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
            BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING BOOST_ASIO_DISABLE_SMALL_BLOCK_RECYCLING BLOBGATE_VERSION="${PROJECT_VERSION}")
if(BLOBGATE_SANITIZE)
  target_compile_options(blobgate_options INTERFACE -fsanitize=${BLOBGATE_SANITIZE}
                                                    -fno-sanitize-recover=all)
  target_link_options(blobgate_options INTERFACE -fsanitize=${BLOBGATE_SANITIZE})
endif()
if(BLOBGATE_PROFILE AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  set(profile -fprofile-generate)
  if(BLOBGATE_PROFILE STREQUAL "use")
    # A function that changed since is compiled as if there were no profile.
    set(profile -fprofile-use=${CMAKE_SOURCE_DIR}/cmake/release.profdata
                -Wno-profile-instr-unprofiled -Wno-profile-instr-out-of-date -Wno-backend-plugin)
  endif()
  target_compile_options(blobgate_options INTERFACE ${profile})
  target_link_options(blobgate_options INTERFACE ${profile})
endif()
if(BLOBGATE_FUZZERS)
  target_compile_options(blobgate_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
target_link_libraries(blobgate_options INTERFACE Threads::Threads Boost::headers)

# blobgate_precompile(target): uses cmake/precompiled.h, which blobgate_base compiles for all, or
# cmake/precompiled_operations.h, which blobgate_operations compiles for those who know it well.
option(BLOBGATE_PCH "Precompile what many files include (clang only)" ON)
function(blobgate_precompile target)
  if(NOT BLOBGATE_PCH OR NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    return()
  endif()
  set(header precompiled)
  set(owner blobgate_base)
  if(target MATCHES "_(operations|gateway)$")
    set(header precompiled_operations)
    set(owner blobgate_operations)
  endif()
  if(target STREQUAL owner)
    target_compile_options(${target} PRIVATE -fpch-instantiate-templates
                                             "SHELL:-Xclang -fno-pch-timestamp")  # for ccache
    target_precompile_headers(${target} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/${header}.h)
  else()
    target_precompile_headers(${target} REUSE_FROM ${owner})
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "EXECUTABLE")
      target_compile_options(${target} PRIVATE -fPIC)  # as what was precompiled, not -fPIE
    endif()
  endif()
endfunction()

# blobgate_library(NAME folder LINK libs...): all .cc files of src/FOLDER and its subfolders.
function(blobgate_library name folder)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${folder}/*.cc)
  if(NOT sources)
    add_library(blobgate_${name} INTERFACE)
    target_link_libraries(blobgate_${name} INTERFACE blobgate_options ${ARG_LINK})
    return()
  endif()
  add_library(blobgate_${name} STATIC ${sources})
  target_link_libraries(blobgate_${name} PUBLIC blobgate_options ${ARG_LINK})
  blobgate_precompile(blobgate_${name})
endfunction()

# blobgate_thrift(NAME file): what Thrift's compiler makes of src/FILE, as the library blobgate_NAME.
function(blobgate_thrift name file)
  get_filename_component(stem ${file} NAME_WE)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${name})
  set(made ${folder}/${stem}_types.cpp ${folder}/${stem}_types.h)
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(
    OUTPUT ${made}
    COMMAND ${THRIFT_COMPILER} --gen cpp:moveable_types,no_default_operators,no_ostream_operators
            -out ${folder} ${CMAKE_SOURCE_DIR}/src/${file}
    DEPENDS ${CMAKE_SOURCE_DIR}/src/${file}
    VERBATIM)
  add_library(blobgate_${name} STATIC ${made})
  target_include_directories(blobgate_${name} SYSTEM INTERFACE ${folder} PUBLIC ${THRIFT_INCLUDE})
  target_link_libraries(blobgate_${name} PRIVATE blobgate_options PUBLIC ${THRIFT_LIBRARY})
  target_compile_options(blobgate_${name} PRIVATE -w)  # it is not ours
endfunction()

# blobgate_assets(NAME folder): the files of src/FOLDER become part of the library blobgate_NAME.
function(blobgate_assets name folder)
  set(made ${CMAKE_CURRENT_BINARY_DIR}/${name}_assets.cc)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${folder}/*)
  add_custom_command(
    OUTPUT ${made}
    COMMAND ${CMAKE_COMMAND} -DFOLDER=${CMAKE_SOURCE_DIR}/src/${folder} -DOUTPUT=${made}
            -P ${CMAKE_SOURCE_DIR}/cmake/embed_assets.cmake
    DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed_assets.cmake
    VERBATIM)
  target_sources(blobgate_${name} PRIVATE ${made})
endfunction()

# blobgate_unit_test(folder LINK libs...): tests/unit/FOLDER/*.cc as the program unit_FOLDER.
function(blobgate_unit_test folder)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/unit/${folder}/*.cc)
  if(NOT sources)
    return()
  endif()
  string(REPLACE "/" "_" target unit_${folder})
  add_executable(${target} ${sources})
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(${target} PRIVATE BLOBGATE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_link_libraries(${target} PRIVATE ${ARG_LINK} GTest::gtest GTest::gmock GTest::gtest_main)
  blobgate_precompile(${target})
  add_test(NAME ${target} COMMAND ${target})
endfunction()
