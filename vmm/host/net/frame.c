/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/net/frame.h"

#include <stdint.h>
#include <string.h>

static size_t frame_least(size_t a, size_t b)
{
    return a < b ? a : b;
}

unsigned frame_slice(struct iovec *out, const struct iovec *parts, unsigned count, size_t skip,
                     size_t size)
{
    unsigned pieces = 0;

    for (unsigned i = 0; i < count && size > 0; i++) {
        if (skip >= parts[i].iov_len) {
            skip -= parts[i].iov_len;
            continue;
        }
        out[pieces].iov_base = (uint8_t *)parts[i].iov_base + skip;
        out[pieces].iov_len = frame_least(parts[i].iov_len - skip, size);
        size -= out[pieces].iov_len;
        skip = 0;
        pieces++;
    }
    return pieces;
}

size_t frame_read(const struct iovec *parts, unsigned count, void *bytes, size_t size)
{
    size_t done = 0;

    for (unsigned i = 0; i < count && done < size; i++) {
        size_t step = frame_least(parts[i].iov_len, size - done);

        memcpy((uint8_t *)bytes + done, parts[i].iov_base, step);
        done += step;
    }
    return done;
}

size_t frame_write(const struct iovec *parts, unsigned count, const void *bytes, size_t size)
{
    size_t done = 0;

    for (unsigned i = 0; i < count && done < size; i++) {
        size_t step = frame_least(parts[i].iov_len, size - done);

        memcpy(parts[i].iov_base, (const uint8_t *)bytes + done, step);
        done += step;
    }
    return done;
}
