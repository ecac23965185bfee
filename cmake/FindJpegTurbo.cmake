# Finds libjpeg-turbo >= 2.0 and defines JpegTurbo::jpeg; IJG's libjpeg and older releases are refused, since the
# pixels promised here are libjpeg-turbo's. JPEG_TURBO_ROOT names a private build of it.
set(JPEG_TURBO_INSTALL_HINT
    "Install it with one of:\n  apt-get install libjpeg62-turbo-dev   (Debian; on Ubuntu libjpeg-turbo8-dev)\n"
    "  dnf install libjpeg-turbo-devel\n  brew install jpeg-turbo")
string(CONCAT JPEG_TURBO_INSTALL_HINT ${JPEG_TURBO_INSTALL_HINT})

set(hints ${JPEG_TURBO_ROOT} $ENV{JPEG_TURBO_ROOT} /opt/homebrew/opt/jpeg-turbo /usr/local/opt/jpeg-turbo)
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(PC_JPEG QUIET libjpeg)
endif()
find_path(JPEG_TURBO_INCLUDE_DIR jpeglib.h HINTS ${hints} ${PC_JPEG_INCLUDE_DIRS} PATH_SUFFIXES include)
find_library(JPEG_TURBO_LIBRARY NAMES jpeg HINTS ${hints} ${PC_JPEG_LIBRARY_DIRS} PATH_SUFFIXES lib lib64)
if(NOT JPEG_TURBO_INCLUDE_DIR OR NOT JPEG_TURBO_LIBRARY)
  message(FATAL_ERROR "libjpeg-turbo was not found. ${JPEG_TURBO_INSTALL_HINT}")
endif()

# jconfig.h lies beside jpeglib.h or in the multiarch directory.
include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_INCLUDES ${JPEG_TURBO_INCLUDE_DIR})
set(CMAKE_REQUIRED_LIBRARIES ${JPEG_TURBO_LIBRARY})
check_cxx_source_compiles("
#include <cstddef>
#include <cstdio>
#include <jpeglib.h>
#if !defined(LIBJPEG_TURBO_VERSION_NUMBER) || LIBJPEG_TURBO_VERSION_NUMBER < 2000000
#error not libjpeg-turbo 2.0 or later
#endif
int main() { jpeg_decompress_struct d; jpeg_skip_scanlines(&d, 0); return 0; }
" JPEG_TURBO_USABLE)
unset(CMAKE_REQUIRED_INCLUDES)
unset(CMAKE_REQUIRED_LIBRARIES)
if(NOT JPEG_TURBO_USABLE)
  message(FATAL_ERROR "${JPEG_TURBO_INCLUDE_DIR}/jpeglib.h is not libjpeg-turbo 2.0 or later. ${JPEG_TURBO_INSTALL_HINT}")
endif()

add_library(JpegTurbo::jpeg UNKNOWN IMPORTED)
set_target_properties(JpegTurbo::jpeg PROPERTIES IMPORTED_LOCATION ${JPEG_TURBO_LIBRARY}
                      INTERFACE_INCLUDE_DIRECTORIES ${JPEG_TURBO_INCLUDE_DIR})
