# SPDX-License-Identifier: Apache-2.0
# cmake -D OUT=… -D MODULE=… -D HEADER=… -D FILES=a.toml,b.toml -P embed_texts.cmake: writes the files into a C++
# source that defines penstock::MODULE::shipped_texts(), as HEADER declares it. See penstock_shipped_texts().
string(REPLACE "," ";" FILES "${FILES}")
set(out "// Made from conf/${MODULE} by embed_texts.cmake.\n#include \"${HEADER}\"\n\n")
string(APPEND out "namespace penstock::${MODULE} {\n\nconst std::vector<config::TextFile>& shipped_texts() {\n")
string(APPEND out "  static const std::vector<config::TextFile> texts{\n")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  file(READ ${file} text)
  string(APPEND out "      {\"${name}\", R\"data(${text})data\"},\n")
endforeach()
string(APPEND out "  };\n  return texts;\n}\n\n}  // namespace penstock::${MODULE}\n")
file(WRITE ${OUT} "${out}")
