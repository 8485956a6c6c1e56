# One library per folder of src/, one test program per library.

find_program(MOLD_PROGRAM mold)
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()
# A rebuilt agent knows by it that it is another (base/build_id.h).
add_link_options(-Wl,--build-id=sha1)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()

add_library(allod_options INTERFACE)
target_include_directories(allod_options INTERFACE "${CMAKE_SOURCE_DIR}/src")
target_compile_options(allod_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # False alarms on std::string's operator+ in this release (GCC bug 105651).
  target_compile_options(allod_options INTERFACE -Wno-restrict)
endif()
if(ALLOD_WERROR)
  target_compile_options(allod_options INTERFACE -Werror)
endif()
if(ALLOD_SANITIZE)
  target_compile_options(allod_options INTERFACE -fsanitize=address,undefined
                                                 -fno-sanitize-recover=undefined
                                                 -fno-omit-frame-pointer)
  target_link_options(allod_options INTERFACE -fsanitize=address,undefined)
endif()

# allod_library(NAME [LINK library...]): allod_NAME from the sources of this folder, and
# allod_NAME_tests from tests/unit/NAME/*.cpp where there are any.
function(allod_library name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp"
       "${CMAKE_CURRENT_SOURCE_DIR}/*/*.cpp")
  if(NOT sources)
    message(WARNING "src/${name} holds no sources yet")
    return()
  endif()
  add_library(allod_${name} STATIC ${sources})
  target_link_libraries(allod_${name} PUBLIC allod_options ${ARG_LINK})
  file(GLOB tests CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/unit/${name}/*.cpp")
  if(ALLOD_TESTS AND tests)
    add_executable(allod_${name}_tests ${tests})
    target_link_libraries(allod_${name}_tests PRIVATE allod_${name} GTest::gtest GTest::gtest_main)
    target_compile_definitions(allod_${name}_tests
                               PRIVATE ALLOD_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    target_include_directories(allod_${name}_tests PRIVATE "${CMAKE_SOURCE_DIR}/tests/unit/${name}")
    gtest_discover_tests(allod_${name}_tests DISCOVERY_TIMEOUT 60)
  endif()
endfunction()
