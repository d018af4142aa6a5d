// SPDX-License-Identifier: Apache-2.0
// One call of zlib's, whose memory is ours, so that it does not fail.
#include <limits.h>
#include <stdbool.h>
#include <zlib.h>

#include "base.h"
#include "base/gzip.h"

#define GZIP_WINDOW_BITS (15 + 16) // 15: the largest window; 16 more: gzip's frame (zlib.h)
#define GZIP_MEM_LEVEL   8         // zlib's default

static voidpf allocate(voidpf opaque, uInt n, uInt size)
{
    (void)opaque;
    return xcalloc(n, size);
}

static void release(voidpf opaque, voidpf address)
{
    (void)opaque;
    free(address);
}

// Where memory does not run out and the bound is zlib's own, what is left is a mistake of ours.
static void expect(bool is_so)
{
    if (!is_so)
        abort();
}

void *gzip_bytes(const void *bytes, size_t n_bytes, size_t *ret_n_bytes)
{
    z_stream stream = {.zalloc = allocate, .zfree = release};
    expect(n_bytes <= INT_MAX);
    expect(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW_BITS,
               GZIP_MEM_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK);
    uLong bound = deflateBound(&stream, (uLong)n_bytes);
    unsigned char *smaller = xcalloc(bound, 1);
    stream.next_in = (z_const Bytef *)bytes;
    stream.avail_in = (uInt)n_bytes;
    stream.next_out = smaller;
    stream.avail_out = (uInt)bound;
    expect(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    *ret_n_bytes = stream.total_out;
    deflateEnd(&stream);
    return smaller;
}
