/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decompresses streams whose packed and unpacked sizes are not known. */
#ifndef KB_STREAM_H
#define KB_STREAM_H

#include <linux/types.h>

struct kb_sink;

/*
 * Decompresses the stream at the beginning of @src into @sink. Returns how many
 * bytes of @src it has, -EOPNOTSUPP (no decoder here takes it), -EBADMSG
 * (damaged, or cut off), or the refusal of the sink, which then has an error.
 */
ssize_t kb_stream(const u8 *src, size_t size, struct kb_sink *sink);

/* Returns whether kb_stream() knows the format, by its magic number. */
bool kb_stream_knows(const u8 *src, size_t size);

#endif /* KB_STREAM_H */
