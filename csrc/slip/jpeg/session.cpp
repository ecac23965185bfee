#include "slip/jpeg/session.h"

#include <cstring>
//
#include <jerror.h>

#include "slip/jpeg/markers.h"

namespace slip::jpeg {
namespace {

// A progressive file may repeat scans without end, each costing a pass over the image; real ones have about
// ten.
constexpr int kMaxScans = 500;

Session& session_of(j_common_ptr info) { return *static_cast<Session*>(info->client_data); }

Code code_of(const Session& session, int message) {
  switch (message) {
    case JERR_OUT_OF_MEMORY:
      return Code::out_of_memory;
    case JERR_IMAGE_TOO_BIG:
    case JERR_EMPTY_IMAGE:
    case JERR_SOF_UNSUPPORTED:
    case JERR_BAD_PRECISION:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_NOTIMPL:
      return Code::unsupported;
    default:
      break;
  }
  // Running into the end of the image means that its end came too early.
  return session.ended || session.info.unread_marker == kEoi ? Code::truncated : Code::corrupt;
}

[[noreturn]] void on_error(j_common_ptr info) {
  Session& session = session_of(info);
  session.code = code_of(session, info->err->msg_code);
  info->err->format_message(info, session.message);
  std::longjmp(session.failed, 1);
}

void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  switch (info->err->msg_code) {
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
      on_error(info);
    default:
      break;  // odd, yet nothing is lost
  }
}

void ignore(j_decompress_ptr) {}

// Gives an end of image for ever, so that libjpeg can finish what it has; whether data was missing shows when
// it is used.
boolean on_end(j_decompress_ptr info) {
  static const JOCTET kEnd[2] = {0xFF, kEoi};
  session_of(reinterpret_cast<j_common_ptr>(info)).ended = true;
  info->src->next_input_byte = kEnd;
  info->src->bytes_in_buffer = sizeof kEnd;
  return TRUE;
}

void on_skip(j_decompress_ptr info, long count) {
  if (count <= 0) return;
  jpeg_source_mgr& source = *info->src;
  if (static_cast<std::size_t>(count) > source.bytes_in_buffer) {
    on_end(info);
    return;
  }
  source.next_input_byte += count;
  source.bytes_in_buffer -= static_cast<std::size_t>(count);
}

void on_progress(j_common_ptr info) {
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number > kMaxScans) {
    fail(session_of(info), Code::corrupt, "a JPEG of more than 500 scans");
  }
}

void create(Session& session, Bytes& file) {
  jpeg_create_decompress(&session.info);
  session.info.client_data = &session;
  session.info.progress = &session.progress;
  session.source.next_input_byte = file.data;
  session.source.bytes_in_buffer = file.size;
  session.info.src = &session.source;
}

}  // namespace

bool open_session(Session& session, Bytes file) {
  std::memset(&session, 0, sizeof session);
  session.info.err = jpeg_std_error(&session.errors);
  session.info.client_data = &session;
  session.errors.error_exit = on_error;
  session.errors.emit_message = on_message;
  session.source.init_source = ignore;
  session.source.term_source = ignore;
  session.source.fill_input_buffer = on_end;
  session.source.skip_input_data = on_skip;
  session.source.resync_to_restart = jpeg_resync_to_restart;
  session.progress.progress_monitor = on_progress;
  return guarded(session, create, file);
}

void close_session(Session& session) { jpeg_destroy_decompress(&session.info); }

void fail(Session& session, Code code, const char* message) {
  session.code = code;
  std::snprintf(session.message, sizeof session.message, "%s", message);
  std::longjmp(session.failed, 1);
}

Status failure(const Session& session) { return {session.code, session.message}; }

}  // namespace slip::jpeg
