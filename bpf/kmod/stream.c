// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Decodes the streams of an initrd with the decoders of decompress.c, piece by
 * piece. What is taken here, the next kernel's lib/decompress_*.c take, too, and
 * read in the same way: a stream ends where they end it, and checksums that they
 * skip are skipped.
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
#include "newc.h"
#include "sink.h"
#include "stream.h"

/* Input and output per call of a decoder, so that a killed thread soon notices it. */
#define KB_STREAM_STEP		SZ_1M
#define KB_STREAM_OUT		SZ_256K

/* CRC32 and size, at the end of a gzip stream. */
#define KB_GZIP_TRAILER		8

/* Limits of lib/decompress_unzstd.c, and of "xz -9". */
#define KB_ZSTD_WINDOW_MAX	SZ_128M
#define KB_XZ_DICT_MAX		SZ_64M

/* Header fields that the kernel's gunzip would take for compressed data. */
#define KB_GZIP_UNKNOWN		(KB_GZIP_FHCRC | KB_GZIP_FEXTRA | KB_GZIP_FCOMMENT)

#define KB_LZ4_MAGIC		0x184c2102
/* Magic numbers in a row after which a signal is looked for. */
#define KB_LZ4_MAGICS		SZ_64K

struct kb_stream {
	struct kb_decoder *decoder;
	const u8 *src;
	size_t size;
	struct kb_sink *sink;
	struct kb_newc *newc;
	u8 *out;		/* KB_STREAM_OUT, or the format's blocks */
};

/* Returns memory of at least @size bytes; NULL after a refusal of the sink. */
static void *kb_stream_scratch(struct kb_stream *s, struct kb_scratch *scratch, size_t size)
{
	if (scratch->size >= size)
		return scratch->data;
	vfree(scratch->data);
	*scratch = (struct kb_scratch) {};
	if (kb_sink_check(s->sink, 0, size))
		return NULL;
	scratch->data = __vmalloc(size, GFP_KERNEL | __GFP_NOWARN);
	if (scratch->data)
		scratch->size = size;
	else
		kb_sink_no_memory(s->sink);
	return scratch->data;
}

static void *kb_stream_workspace(struct kb_stream *s, size_t size)
{
	return kb_stream_scratch(s, &s->decoder->workspace, size);
}

/* Writes a piece. Returns 0, -EBADMSG (no archive), or the refusal of the sink. */
static int kb_stream_write(struct kb_stream *s, size_t size)
{
	int err = kb_sink_write(s->sink, s->out, size);

	if (err)
		return err;
	s->newc->bytes.size += size;
	return kb_newc_follow(s->newc);
}

static ssize_t kb_stream_gzip(struct kb_stream *s)
{
	ssize_t at = kb_gzip_body(s->src, s->size);
	z_stream stream = {};
	int status, err = 0;

	if (at < 0)
		return at;
	if (s->src[3] & KB_GZIP_UNKNOWN)
		return -EOPNOTSUPP;
	stream.workspace = kb_stream_workspace(s, zlib_inflate_workspacesize());
	if (!stream.workspace)
		return -ENOMEM;
	stream.next_in = s->src + at;
	status = zlib_inflateInit2(&stream, -MAX_WBITS);
	while (status == Z_OK && !err) {
		stream.avail_in = min_t(size_t, s->src + s->size - stream.next_in, KB_STREAM_STEP);
		stream.next_out = s->out;
		stream.avail_out = KB_STREAM_OUT;
		status = zlib_inflate(&stream, 0);
		err = kb_stream_write(s, stream.next_out - s->out);
	}
	at = stream.next_in - s->src;
	if (status != Z_STREAM_END || s->size - at < KB_GZIP_TRAILER)
		return err ?: -EBADMSG;
	return err ?: at + KB_GZIP_TRAILER;
}

static ssize_t kb_stream_zstd_run(struct kb_stream *s, zstd_dstream *stream)
{
	zstd_in_buffer in = { .src = s->src };
	zstd_out_buffer out = { .dst = s->out, .size = KB_STREAM_OUT };
	size_t wants;
	int err;

	do {
		if (in.pos == s->size)
			return -EBADMSG;
		in.size = min(s->size, in.pos + KB_STREAM_STEP);
		out.pos = 0;
		wants = zstd_decompress_stream(stream, &out, &in);
		if (zstd_is_error(wants))
			return -EBADMSG;
		err = kb_stream_write(s, out.pos);
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

	/* More than 0: it needs more bytes than there are. */
	if (zstd_get_frame_header(&header, s->src, s->size))
		return -EBADMSG;
	if (header.windowSize > KB_ZSTD_WINDOW_MAX)
		return -EOPNOTSUPP;
	/* The size of the contents may be damaged, so nothing is refused for it. */
	workspace_size = zstd_dstream_workspace_bound(header.windowSize);
	workspace = kb_stream_workspace(s, workspace_size);
	if (!workspace)
		return -ENOMEM;
	stream = zstd_init_dstream(header.windowSize, workspace, workspace_size);
	return stream ? kb_stream_zstd_run(s, stream) : -EOPNOTSUPP;
}

#if IS_ENABLED(CONFIG_XZ_DEC)
static ssize_t kb_stream_xz(struct kb_stream *s)
{
	struct xz_buf buf = { .in = s->src, .out = s->out, .out_size = KB_STREAM_OUT };
	struct kb_decoder *decoder = s->decoder;
	enum xz_ret status;
	int err;

	if (decoder->xz)
		xz_dec_reset(decoder->xz);
	else
		decoder->xz = xz_dec_init(XZ_DYNALLOC, KB_XZ_DICT_MAX);
	if (!decoder->xz)
		return kb_sink_no_memory(s->sink);
	do {
		buf.in_size = min(s->size, buf.in_pos + KB_STREAM_STEP);
		buf.out_pos = 0;
		status = xz_dec_run(decoder->xz, &buf);
		err = kb_stream_write(s, buf.out_pos);
	} while (status == XZ_OK && !err);
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
	unsigned int magics = 0;

	while (s->size - at >= sizeof(u32)) {
		u32 chunk = get_unaligned_le32(s->src + at);
		int got, err;

		if (!chunk)
			break;
		at += sizeof(u32);
		/* Archives that follow each other directly are one stream. */
		if (chunk == KB_LZ4_MAGIC) {
			err = ++magics % KB_LZ4_MAGICS ? 0 : kb_stream_write(s, 0);
			if (err)
				return err;
			continue;
		}
		if (chunk > s->size - at || chunk > INT_MAX)
			return -EBADMSG;
		got = LZ4_decompress_safe(s->src + at, s->out, chunk, KB_LZ4_CHUNK);
		if (got < 0)
			return -EBADMSG;
		err = kb_stream_write(s, got);
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
	if (lzop.short_read)
		return -EBADMSG;
	if (!kb_lzop_in_initrd(&lzop))
		return -EOPNOTSUPP;
	while (1) {
		got = kb_lzop_next(&lzop, s->out, KB_STREAM_OUT);
		if (got <= 0)
			return got ? -EBADMSG : lzop.at;
		err = kb_stream_write(s, got);
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

ssize_t kb_stream(struct kb_decoder *decoder, const u8 *src, size_t size,
		  struct kb_sink *sink, struct kb_newc *newc)
{
	struct kb_stream s = {
		.decoder = decoder, .src = src, .size = size, .sink = sink, .newc = newc,
	};
	enum kb_format format = kb_format(src, size);
	ssize_t ret;

	s.out = kb_stream_scratch(&s, &decoder->out, format == KB_FORMAT_LZ4 ? KB_LZ4_CHUNK :
				  KB_STREAM_OUT);
	if (!s.out)
		return -ENOMEM;
	ret = kb_stream_run(&s, format);
	return sink->error ?: ret;
}

void kb_decoder_close(struct kb_decoder *decoder)
{
	vfree(decoder->out.data);
	vfree(decoder->workspace.data);
#if IS_ENABLED(CONFIG_XZ_DEC)
	xz_dec_end(decoder->xz);
#endif
}
