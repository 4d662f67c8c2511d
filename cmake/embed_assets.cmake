# cmake -DFOLDER=... -DOUTPUT=... -P embed_assets.cmake: the files of FOLDER as the C++ source OUTPUT
# (src/console/assets.h).
set(TYPE_.html "text/html; charset=utf-8")
set(TYPE_.css "text/css; charset=utf-8")
set(TYPE_.js "text/javascript; charset=utf-8")
set(TYPE_.svg "image/svg+xml")

file(GLOB files ${FOLDER}/*)
set(arrays "")
set(rows "")
set(index 0)
foreach(file ${files})
  get_filename_component(name ${file} NAME)
  get_filename_component(extension ${file} LAST_EXT)
  if(NOT DEFINED TYPE_${extension})
    message(FATAL_ERROR "${name}: no type is known for it")
  endif()
  file(READ ${file} bytes HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  string(APPEND arrays "constexpr unsigned char k${index}[] = {${bytes}};\n")
  string(APPEND rows "    {\"/${name}\", \"${TYPE_${extension}}\",\n"
         "     {reinterpret_cast<const char*>(k${index}), sizeof k${index}}},\n")
  math(EXPR index "${index} + 1")
endforeach()
file(WRITE ${OUTPUT}
     "#include \"console/assets.h\"\n\nnamespace blobgate::console {\nnamespace {\n\n${arrays}\n"
     "}  // namespace\n\nstd::span<const Asset> Assets() {\n  static const Asset all[] = {\n${rows}"
     "  };\n  return all;\n}\n\n}  // namespace blobgate::console\n")
