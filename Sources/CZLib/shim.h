#pragma once
#include <zlib.h>

// A macro, which Swift does not see: a stream that makes gzip, with the default window and memory.
static inline int mehvar_deflate_gzip(z_stream *stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

// The same for a stream that reads gzip.
static inline int mehvar_inflate_gzip(z_stream *stream) {
    return inflateInit2(stream, 15 + 16);
}
