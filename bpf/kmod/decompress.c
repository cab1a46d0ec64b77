// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Decompresses gzip, zstd, xz, lz4 (legacy frames) and lzo (lzop files), as far
 * as the kernel is built with their decoders. The kernel's own __decompress()
 * functions are __init or not exported, and there is no exported decoder for
 * lzma at all.
 */
#include <linux/errno.h>
#include <linux/lz4.h>
#include <linux/lzo.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include <linux/vmalloc.h>
#include <linux/xz.h>
#include <linux/zlib.h>
#include <linux/zstd.h>

#include "decompress.h"
#include "lzop.h"

#define KB_GZIP_HEADER		10

ssize_t kb_gzip_body(const u8 *src, size_t size)
{
	size_t at = KB_GZIP_HEADER;
	int strings, flags;

	if (size < KB_GZIP_HEADER + 2)
		return -EBADMSG;
	flags = src[3];
	if (flags & KB_GZIP_FEXTRA)
		at += 2 + get_unaligned_le16(src + at);
	strings = !!(flags & KB_GZIP_FNAME) + !!(flags & KB_GZIP_FCOMMENT);
	for (; strings; strings--) {
		while (at < size && src[at])
			at++;
		at++;
	}
	if (flags & KB_GZIP_FHCRC)
		at += 2;
	return at < size ? at : -EBADMSG;
}

static ssize_t kb_gzip(const u8 *src, size_t src_size, u8 *dst, size_t dst_size)
{
	ssize_t at = kb_gzip_body(src, src_size);
	z_stream stream = {};
	ssize_t ret;
	int status;

	if (at < 0)
		return at;
	stream.workspace = vmalloc(zlib_inflate_workspacesize());
	if (!stream.workspace)
		return -ENOMEM;
	stream.next_in = src + at;
	stream.avail_in = src_size - at;
	stream.next_out = dst;
	stream.avail_out = dst_size;
	status = zlib_inflateInit2(&stream, -MAX_WBITS);
	if (status == Z_OK)
		status = zlib_inflate(&stream, Z_FINISH);
	if (status == Z_STREAM_END)
		ret = stream.total_out;
	else
		ret = stream.avail_out ? -EBADMSG : -E2BIG;
	vfree(stream.workspace);
	return ret;
}

static ssize_t kb_zstd(const u8 *src, size_t src_size, u8 *dst, size_t dst_size)
{
	size_t workspace_size = zstd_dctx_workspace_bound();
	void *workspace = vmalloc(workspace_size);
	zstd_dctx *context;
	ssize_t ret = -ENOMEM;
	size_t out;

	if (!workspace)
		return -ENOMEM;
	context = zstd_init_dctx(workspace, workspace_size);
	if (context) {
		out = zstd_decompress_dctx(context, dst, dst_size, src, src_size);
		if (!zstd_is_error(out))
			ret = out;
		else if (zstd_get_error_code(out) == ZSTD_error_dstSize_tooSmall)
			ret = -E2BIG;
		else
			ret = -EBADMSG;
	}
	vfree(workspace);
	return ret;
}

#if IS_ENABLED(CONFIG_XZ_DEC)
static ssize_t kb_xz(const u8 *src, size_t src_size, u8 *dst, size_t dst_size)
{
	struct xz_buf buf = {
		.in = src, .in_size = src_size, .out = dst, .out_size = dst_size,
	};
	struct xz_dec *decoder = xz_dec_init(XZ_SINGLE, 0);
	enum xz_ret status;

	if (!decoder)
		return -ENOMEM;
	status = xz_dec_run(decoder, &buf);
	xz_dec_end(decoder);
	if (status == XZ_STREAM_END)
		return buf.out_pos;
	/* In single-call mode XZ_BUF_ERROR means: the output did not fit. */
	if (status == XZ_BUF_ERROR)
		return -E2BIG;
	return status == XZ_OPTIONS_ERROR ? -EOPNOTSUPP : -EBADMSG;
}
#endif

#if IS_BUILTIN(CONFIG_LZ4_DECOMPRESS)
/*
 * The format of "lz4 -l": the magic number, then chunks of at most 8 MiB of
 * output, each preceded by its compressed size.
 */
static ssize_t kb_lz4(const u8 *src, size_t src_size, u8 *dst, size_t dst_size)
{
	size_t in = sizeof(u32), out = 0;

	while (src_size - in >= sizeof(u32)) {
		size_t room = min_t(size_t, KB_LZ4_CHUNK, dst_size - out);
		u32 chunk = get_unaligned_le32(src + in);
		int got;

		in += sizeof(u32);
		if (!chunk)
			break;
		if (chunk > src_size - in || chunk > INT_MAX)
			return -EBADMSG;
		got = LZ4_decompress_safe(src + in, dst + out, chunk, room);
		if (got < 0)
			return room < KB_LZ4_CHUNK ? -E2BIG : -EBADMSG;
		in += chunk;
		out += got;
	}
	return out;
}
#endif

struct kb_decompressor {
	const char *name;
	u8 magic[6];
	u8 magic_size;
	ssize_t (*run)(const u8 *src, size_t src_size, u8 *dst, size_t dst_size);
};

static const struct kb_decompressor kb_decompressors[KB_FORMATS] = {
	[KB_FORMAT_GZIP] = { "gzip", { 0x1f, 0x8b, 0x08 }, 3, kb_gzip },
	[KB_FORMAT_ZSTD] = { "zstd", { 0x28, 0xb5, 0x2f, 0xfd }, 4, kb_zstd },
	[KB_FORMAT_XZ] = { "xz", { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6,
#if IS_ENABLED(CONFIG_XZ_DEC)
	  kb_xz
#endif
	},
	[KB_FORMAT_LZ4] = { "lz4", { 0x02, 0x21, 0x4c, 0x18 }, 4,
#if IS_BUILTIN(CONFIG_LZ4_DECOMPRESS)
	  kb_lz4
#endif
	},
	[KB_FORMAT_LZO] = { "lzo", { 0x89, 'L', 'Z', 'O', 0x00, 0x0d }, 6,
#if IS_BUILTIN(CONFIG_LZO_DECOMPRESS)
	  kb_lzop
#endif
	},
	[KB_FORMAT_LZMA] = { "lzma", { 0x5d, 0x00, 0x00 }, 3, NULL },
};

enum kb_format kb_format(const u8 *src, size_t src_size)
{
	int i;

	for (i = 0; i < KB_FORMATS; i++) {
		const struct kb_decompressor *it = &kb_decompressors[i];

		if (src_size >= it->magic_size && !memcmp(src, it->magic, it->magic_size))
			break;
	}
	return i;
}

bool kb_decompressor_for(enum kb_format format)
{
	return format < KB_FORMATS && kb_decompressors[format].run;
}

ssize_t kb_decompress(const u8 *src, size_t src_size, u8 *dst, size_t dst_size)
{
	enum kb_format format = kb_format(src, src_size);

	if (format == KB_FORMATS)
		return -EINVAL;
	if (!kb_decompressor_for(format))
		return -EOPNOTSUPP;
	return kb_decompressors[format].run(src, src_size, dst, dst_size);
}

static int kb_decompressors_get(char *buf, const struct kernel_param *kp)
{
	int at = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kb_decompressors); i++)
		if (kb_decompressors[i].run)
			at += sysfs_emit_at(buf, at, "%s%s", at ? " " : "",
					    kb_decompressors[i].name);
	return at + sysfs_emit_at(buf, at, "\n");
}

static int kb_decompressors_set(const char *val, const struct kernel_param *kp)
{
	return -EPERM;
}

static const struct kernel_param_ops kb_decompressors_ops = {
	.set = kb_decompressors_set,
	.get = kb_decompressors_get,
};
module_param_cb(decompressors, &kb_decompressors_ops, NULL, 0444);
MODULE_PARM_DESC(decompressors, "formats that this kernel lets the module decompress (read only)");
