# Writes a C++ file with all files of a folder in it: cmake -DFOLDER=... -DOUTPUT=... -P EmbedFiles.cmake
#
# The assembler reads the files (.incbin), so that megabytes cost no compile time. A folder that is not there gives none.
file(GLOB_RECURSE files LIST_DIRECTORIES false RELATIVE "${FOLDER}" "${FOLDER}/*")
list(SORT files)
set(symbols "")
set(entries "")
set(number 0)
foreach(file IN LISTS files)
  if(file MATCHES "\\.(gz|map)$" OR file MATCHES "(^|/)\\.")
    continue()
  endif()
  string(APPEND symbols
         "__asm__(\".section .rodata\\n\"\n"
         "        \"isthmus_file_${number}:\\n.incbin \\\"${FOLDER}/${file}\\\"\\n\"\n"
         "        \"isthmus_file_${number}_end:\\n.byte 0\\n.previous\\n\");\n"
         "extern \"C\" const char isthmus_file_${number}[];\n"
         "extern \"C\" const char isthmus_file_${number}_end[];\n")
  string(APPEND entries
         "      {\"${file}\",\n       {isthmus_file_${number}, static_cast<std::size_t>(isthmus_file_${number}_end - "
         "isthmus_file_${number})}},\n")
  math(EXPR number "${number} + 1")
endforeach()
if(number EQUAL 0)
  set(body "  return {};\n")
else()
  set(body
      "  static const std::array<EmbeddedFile, ${number}> kFiles{{\n${entries}  }};\n  return kFiles;\n")
endif()
file(
  WRITE "${OUTPUT}.new"
  "// Written by cmake/EmbedFiles.cmake.\n"
  "#include <array>\n#include <cstddef>\n\n#include \"collector/publish/web_page.hpp\"\n\n"
  "${symbols}\nnamespace isthmus::collector {\n\n"
  "std::span<const EmbeddedFile> embedded_files() {\n${body}}\n\n}  // namespace isthmus::collector\n")
file(COPY_FILE "${OUTPUT}.new" "${OUTPUT}" ONLY_IF_DIFFERENT)
