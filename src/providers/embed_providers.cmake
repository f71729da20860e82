# SPDX-License-Identifier: Apache-2.0
# cmake -D OUT=… -D FILES=a.toml,b.toml -P embed_providers.cmake: writes the provider files into a C++ source, so that
# the program finds them wherever it is started.
string(REPLACE "," ";" FILES "${FILES}")
set(out "// Made from conf/providers by embed_providers.cmake.\n#include \"providers/catalog.h\"\n\n")
string(APPEND out "namespace penstock::providers {\n\nconst std::vector<config::TextFile>& shipped_texts() {\n")
string(APPEND out "  static const std::vector<config::TextFile> texts{\n")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  file(READ ${file} text)
  string(APPEND out "      {\"${name}\", R\"data(${text})data\"},\n")
endforeach()
string(APPEND out "  };\n  return texts;\n}\n\n}  // namespace penstock::providers\n")
file(WRITE ${OUT} "${out}")
