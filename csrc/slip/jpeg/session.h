// One decompression by libjpeg-turbo, from memory. Nothing here has a destructor that does anything, because
// longjmp passes over the frames between an error inside libjpeg and guarded().
#pragma once

#include <csetjmp>
#include <cstddef>
#include <cstdio>
//
#include <jpeglib.h>

#include "slip/image.h"
#include "slip/status.h"

namespace slip::jpeg {

struct Session {
  jpeg_decompress_struct info;
  jpeg_error_mgr errors;
  jpeg_source_mgr source;
  jpeg_progress_mgr progress;
  std::jmp_buf failed;
  bool ended;  // libjpeg asked for bytes past the end of the file
  Code code;   // why it failed; the words are in `message`
  char message[JMSG_LENGTH_MAX];
};

// Makes a fresh handle: a used one would lend the tables of the last image to a file that lacks its own.
// False where memory ran out; close it in any case.
bool open_session(Session& session, Bytes file);
void close_session(Session& session);

// Leaves the guarded step. The caller's frame and all up to guarded() must not need destructors.
[[noreturn]] void fail(Session& session, Code code, const char* message);

Status failure(const Session& session);

// Runs step(session, argument) and returns false where libjpeg or the step failed.
template <class Argument>
[[gnu::noinline]] bool guarded(Session& session, void (*step)(Session&, Argument&), Argument& argument) {
  if (setjmp(session.failed) != 0) return false;
  step(session, argument);
  return true;
}

}  // namespace slip::jpeg
