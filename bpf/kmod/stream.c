// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Decodes the streams of an initrd with the decoders of decompress.c, piece by
 * piece. A stream ends where the next kernel's lib/decompress_*.c end it, and
 * checksums that they skip are skipped here, too. The headers of gzip and lzop
 * are read as decompress.c reads them, which accepts some that they refuse.
 */
#include <linux/errno.h>
#include <linux/lz4.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include <linux/vmalloc.h>
#include <linux/xz.h>
#include <linux/zlib.h>
#include <linux/zstd.h>

#include "decompress.h"
#include "lzop.h"
#include "sink.h"
#include "stream.h"

/* Input per call of a decoder, so that a killed thread soon notices it. */
#define KB_STREAM_STEP		SZ_1M
#define KB_STREAM_BOUNCE	SZ_256K

/* CRC32 and size, at the end of a gzip stream. */
#define KB_GZIP_TRAILER		8

/* Limits of lib/decompress_unzstd.c, and of "xz -9". */
#define KB_ZSTD_WINDOW_MAX	SZ_128M
#define KB_XZ_DICT_MAX		SZ_64M

#define KB_LZ4_MAGIC		0x184c2102

struct kb_stream {
	const u8 *src;
	size_t size;
	struct kb_sink *sink;
	u8 *bounce;		/* KB_STREAM_BOUNCE, or the format's blocks */
};

/* Returns memory for a decoder; NULL after a refusal of the sink. */
static void *kb_stream_workspace(struct kb_stream *s, size_t size)
{
	void *workspace;

	if (kb_sink_check(s->sink, 0, size))
		return NULL;
	workspace = __vmalloc(size, GFP_KERNEL | __GFP_NOWARN);
	if (!workspace)
		kb_sink_no_memory(s->sink);
	return workspace;
}

static ssize_t kb_stream_gzip(struct kb_stream *s)
{
	ssize_t at = kb_gzip_body(s->src, s->size);
	z_stream stream = {};
	int status, err = 0;

	if (at < 0)
		return at;
	stream.workspace = kb_stream_workspace(s, zlib_inflate_workspacesize());
	if (!stream.workspace)
		return -ENOMEM;
	stream.next_in = s->src + at;
	status = zlib_inflateInit2(&stream, -MAX_WBITS);
	while (status == Z_OK && !err) {
		stream.avail_in = min_t(size_t, s->src + s->size - stream.next_in, KB_STREAM_STEP);
		stream.next_out = s->bounce;
		stream.avail_out = KB_STREAM_BOUNCE;
		status = zlib_inflate(&stream, 0);
		err = kb_sink_write(s->sink, s->bounce, stream.next_out - s->bounce);
	}
	vfree(stream.workspace);
	at = stream.next_in - s->src;
	if (status != Z_STREAM_END || s->size - at < KB_GZIP_TRAILER)
		return err ?: -EBADMSG;
	return err ?: at + KB_GZIP_TRAILER;
}

static ssize_t kb_stream_zstd_run(struct kb_stream *s, zstd_dstream *stream)
{
	zstd_in_buffer in = { .src = s->src };
	zstd_out_buffer out = { .dst = s->bounce, .size = KB_STREAM_BOUNCE };
	size_t wants;
	int err;

	do {
		in.size = min(s->size, in.pos + KB_STREAM_STEP);
		out.pos = 0;
		wants = zstd_decompress_stream(stream, &out, &in);
		if (zstd_is_error(wants))
			return -EBADMSG;
		if (wants && in.pos == s->size && !out.pos)
			return -EBADMSG;
		err = kb_sink_write(s->sink, s->bounce, out.pos);
		if (err)
			return err;
	} while (wants);
	return in.pos;
}

static ssize_t kb_stream_zstd(struct kb_stream *s)
{
	size_t workspace_size;
	zstd_frame_header header;
	zstd_dstream *stream;
	void *workspace;
	ssize_t ret;

	/* More than 0: it needs more bytes than there are. */
	if (zstd_get_frame_header(&header, s->src, s->size))
		return -EBADMSG;
	if (header.windowSize > KB_ZSTD_WINDOW_MAX)
		return -EOPNOTSUPP;
	workspace_size = zstd_dstream_workspace_bound(header.windowSize);
	if (header.frameContentSize != ZSTD_CONTENTSIZE_UNKNOWN &&
	    kb_sink_check(s->sink, header.frameContentSize, workspace_size))
		return -ENOMEM;
	workspace = kb_stream_workspace(s, workspace_size);
	if (!workspace)
		return -ENOMEM;
	stream = zstd_init_dstream(header.windowSize, workspace, workspace_size);
	ret = stream ? kb_stream_zstd_run(s, stream) : -EOPNOTSUPP;
	vfree(workspace);
	return ret;
}

#if IS_ENABLED(CONFIG_XZ_DEC)
static ssize_t kb_stream_xz(struct kb_stream *s)
{
	struct xz_buf buf = { .in = s->src, .out = s->bounce, .out_size = KB_STREAM_BOUNCE };
	struct xz_dec *decoder = xz_dec_init(XZ_DYNALLOC, KB_XZ_DICT_MAX);
	enum xz_ret status;
	int err;

	if (!decoder)
		return kb_sink_no_memory(s->sink);
	do {
		buf.in_size = min(s->size, buf.in_pos + KB_STREAM_STEP);
		buf.out_pos = 0;
		status = xz_dec_run(decoder, &buf);
		err = kb_sink_write(s->sink, s->bounce, buf.out_pos);
	} while (status == XZ_OK && !err);
	xz_dec_end(decoder);
	switch (status) {
	case XZ_STREAM_END:
		return err ?: buf.in_pos;
	case XZ_MEM_ERROR:
		return err ?: kb_sink_no_memory(s->sink);
	case XZ_MEMLIMIT_ERROR:
	case XZ_OPTIONS_ERROR:
		return err ?: -EOPNOTSUPP;
	default:
		return err ?: -EBADMSG;
	}
}
#endif

#if IS_BUILTIN(CONFIG_LZ4_DECOMPRESS)
/* Ends at a size of 0, or where there is no room for a size. */
static ssize_t kb_stream_lz4(struct kb_stream *s)
{
	size_t at = sizeof(u32);

	while (s->size - at >= sizeof(u32)) {
		u32 chunk = get_unaligned_le32(s->src + at);
		int got, err;

		if (!chunk)
			break;
		at += sizeof(u32);
		/* Archives that follow each other directly are one stream. */
		if (chunk == KB_LZ4_MAGIC)
			continue;
		if (chunk > s->size - at || chunk > INT_MAX)
			return -EBADMSG;
		got = LZ4_decompress_safe(s->src + at, s->bounce, chunk, KB_LZ4_CHUNK);
		if (got < 0)
			return -EBADMSG;
		err = kb_sink_write(s->sink, s->bounce, got);
		if (err)
			return err;
		at += chunk;
	}
	return at;
}
#endif

#if IS_BUILTIN(CONFIG_LZO_DECOMPRESS)
static ssize_t kb_stream_lzo(struct kb_stream *s)
{
	struct kb_lzop lzop;
	ssize_t got;
	int err;

	kb_lzop_open(&lzop, s->src, s->size);
	while (1) {
		got = kb_lzop_next(&lzop, s->bounce, KB_STREAM_BOUNCE);
		if (got <= 0)
			return got ? -EBADMSG : lzop.at;
		err = kb_sink_write(s->sink, s->bounce, got);
		if (err)
			return err;
	}
}
#endif

static ssize_t kb_stream_run(struct kb_stream *s, enum kb_format format)
{
	switch (format) {
	case KB_FORMAT_GZIP:
		return kb_stream_gzip(s);
	case KB_FORMAT_ZSTD:
		return kb_stream_zstd(s);
#if IS_ENABLED(CONFIG_XZ_DEC)
	case KB_FORMAT_XZ:
		return kb_stream_xz(s);
#endif
#if IS_BUILTIN(CONFIG_LZ4_DECOMPRESS)
	case KB_FORMAT_LZ4:
		return kb_stream_lz4(s);
#endif
#if IS_BUILTIN(CONFIG_LZO_DECOMPRESS)
	case KB_FORMAT_LZO:
		return kb_stream_lzo(s);
#endif
	default:
		return -EOPNOTSUPP;
	}
}

bool kb_stream_knows(const u8 *src, size_t size)
{
	return kb_decompressor_for(kb_format(src, size));
}

ssize_t kb_stream(const u8 *src, size_t size, struct kb_sink *sink)
{
	struct kb_stream s = { .src = src, .size = size, .sink = sink };
	enum kb_format format = kb_format(src, size);
	ssize_t ret;

	s.bounce = kb_stream_workspace(&s, format == KB_FORMAT_LZ4 ? KB_LZ4_CHUNK :
				       KB_STREAM_BOUNCE);
	if (!s.bounce)
		return -ENOMEM;
	ret = kb_stream_run(&s, format);
	vfree(s.bounce);
	return sink->error ?: ret;
}
