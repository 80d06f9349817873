# spotter_embed(target name folder glob…)
# Makes the files of `folder` that match the globs part of `target`. Its sources then include
# "embedded/<name>.hpp", which gives them, ordered by name:
#
#   std::span<const spotter::embedded_file> spotter::embedded::<name>();
#
# The assembler reads the files themselves: nothing is turned into C++ and compiled.
function(spotter_embed target name folder)
  get_filename_component(folder "${folder}" ABSOLUTE)
  set(files "")
  foreach(glob ${ARGN})
    file(GLOB found CONFIGURE_DEPENDS RELATIVE "${folder}" "${folder}/${glob}")
    list(APPEND files ${found})
  endforeach()
  list(REMOVE_DUPLICATES files)
  list(SORT files)
  if(NOT files)
    message(FATAL_ERROR "spotter_embed(${name}): nothing in ${folder} matches ${ARGN}")
  endif()

  set(assembly ".section .rodata\\n")
  set(declarations "")
  set(entries "")
  set(paths "")
  set(number 0)
  foreach(file ${files})
    set(symbol "spotter_embedded_${name}_${number}")
    string(APPEND assembly "\"\n    \"${symbol}: .incbin \\\"${folder}/${file}\\\"\\n"
      "${symbol}_end: .byte 0\\n")
    string(APPEND declarations "extern \"C\" const char ${symbol}[], ${symbol}_end[];\n")
    string(APPEND entries "    embedded_file{\"${file}\", between(${symbol}, ${symbol}_end)},\n")
    list(APPEND paths "${folder}/${file}")
    math(EXPR number "${number} + 1")
  endforeach()

  set(base "${CMAKE_BINARY_DIR}/generated/embedded/${name}")
  file(CONFIGURE OUTPUT "${base}.hpp" @ONLY CONTENT
"#pragma once

#include \"cmake/embedded_file.hpp\"

#include <span>

namespace spotter::embedded {

/// The files of this name, ordered by name.
[[nodiscard]] std::span<const embedded_file> @name@();

} // namespace spotter::embedded
")
  file(CONFIGURE OUTPUT "${base}.cpp" @ONLY CONTENT
"#include \"embedded/@name@.hpp\"

#include <array>
#include <cstddef>

asm(\"@assembly@.previous\\n\");

@declarations@
namespace spotter::embedded {

namespace {

std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

} // namespace

std::span<const embedded_file> @name@() {
  static const std::array files{
@entries@  };
  return files;
}

} // namespace spotter::embedded
")
  set_source_files_properties("${base}.cpp" PROPERTIES OBJECT_DEPENDS "${paths}")
  target_sources(${target} PRIVATE "${base}.cpp")
  target_include_directories(${target} PRIVATE "${CMAKE_BINARY_DIR}/generated")
endfunction()
