/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decompresses streams whose packed and unpacked sizes are not known. */
#ifndef KB_STREAM_H
#define KB_STREAM_H

#include <linux/types.h>

struct kb_newc;
struct kb_sink;
struct xz_dec;

/* Memory that grows to what the largest user needs. */
struct kb_scratch {
	u8 *data;
	size_t size;
};

/*
 * What the decoders keep between streams, because an initrd may have very many
 * and each may ask for 128 MiB. Begins zeroed.
 */
struct kb_decoder {
	struct kb_scratch out;
	struct kb_scratch workspace;
	struct xz_dec *xz;
};

/*
 * Decompresses the stream at the beginning of @src into @sink, as long as @newc
 * follows it. Returns how many bytes of @src it has, -EOPNOTSUPP (no decoder here
 * takes it, or the next kernel's would read it in another way), -EBADMSG
 * (damaged, cut off, or not followed), or the refusal of the sink, which then
 * has an error.
 */
ssize_t kb_stream(struct kb_decoder *decoder, const u8 *src, size_t size,
		  struct kb_sink *sink, struct kb_newc *newc);

void kb_decoder_close(struct kb_decoder *decoder);

/* Returns whether kb_stream() knows the format, by its magic number. */
bool kb_stream_knows(const u8 *src, size_t size);

#endif /* KB_STREAM_H */
