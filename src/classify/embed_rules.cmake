# SPDX-License-Identifier: Apache-2.0
# cmake -D OUT=… -D FILES=a.toml,b.toml -P embed_rules.cmake: writes the rule files into a C++ source, so that the
# program finds its rules wherever it is started.
string(REPLACE "," ";" FILES "${FILES}")
set(out "// Made from conf/classify by embed_rules.cmake.\n#include \"classify/read_rules.h\"\n\n")
string(APPEND out "namespace penstock::classify {\n\nconst std::vector<config::TextFile>& shipped_texts() {\n")
string(APPEND out "  static const std::vector<config::TextFile> texts{\n")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  file(READ ${file} text)
  string(APPEND out "      {\"${name}\", R\"rules(${text})rules\"},\n")
endforeach()
string(APPEND out "  };\n  return texts;\n}\n\n}  // namespace penstock::classify\n")
file(WRITE ${OUT} "${out}")
