// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads lzop files, which kernel images call "lzo". The checksums are skipped,
 * as in the kernel's own lib/decompress_unlzo.c: the image's signature covers
 * these bytes.
 */
#include <linux/errno.h>
#include <linux/types.h>
#include <linux/lzo.h>	/* needs types.h, which it does not include */
#include <linux/string.h>
#include <linux/unaligned.h>

#include "lzop.h"

#define KB_LZOP_MAGIC_BYTES	9
#define KB_LZOP_LEVELS		0x0940	/* first version with level, high mtime */
#define KB_LZOP_ADLER32_D	0x00000001
#define KB_LZOP_ADLER32_C	0x00000002
#define KB_LZOP_EXTRA		0x00000040
#define KB_LZOP_CRC32_D		0x00000100
#define KB_LZOP_CRC32_C		0x00000200
#define KB_LZOP_FILTER		0x00000800

struct kb_lzop_reader {
	const u8 *src;
	size_t size;
	size_t at;
	bool short_read;
};

static const u8 *kb_lzop_take(struct kb_lzop_reader *r, size_t bytes)
{
	static const u8 zeros[sizeof(u32)];
	const u8 *at = r->src + r->at;

	if (bytes > r->size - r->at) {
		r->short_read = true;
		return zeros;
	}
	r->at += bytes;
	return at;
}

static u32 kb_lzop_be32(struct kb_lzop_reader *r)
{
	return get_unaligned_be32(kb_lzop_take(r, sizeof(u32)));
}

static u32 kb_lzop_header(struct kb_lzop_reader *r)
{
	unsigned int version;
	u32 flags;

	kb_lzop_take(r, KB_LZOP_MAGIC_BYTES);
	version = get_unaligned_be16(kb_lzop_take(r, 2));
	kb_lzop_take(r, 2);			/* version of the library */
	if (version >= KB_LZOP_LEVELS)
		kb_lzop_take(r, 2);		/* version needed to extract */
	kb_lzop_take(r, 1);			/* method */
	if (version >= KB_LZOP_LEVELS)
		kb_lzop_take(r, 1);		/* level */
	flags = kb_lzop_be32(r);
	if (flags & KB_LZOP_FILTER)
		kb_lzop_take(r, 4);
	kb_lzop_take(r, 8);			/* mode, mtime */
	if (version >= KB_LZOP_LEVELS)
		kb_lzop_take(r, 4);
	kb_lzop_take(r, *kb_lzop_take(r, 1));	/* name */
	kb_lzop_take(r, 4);			/* checksum of the header */
	if (flags & KB_LZOP_EXTRA)
		kb_lzop_take(r, kb_lzop_be32(r) + 4);
	return flags;
}

ssize_t kb_lzop(const u8 *src, size_t src_size, u8 *dst, size_t dst_size)
{
	struct kb_lzop_reader r = { .src = src, .size = src_size };
	u32 flags = kb_lzop_header(&r);
	size_t out = 0;

	while (!r.short_read) {
		u32 plain = kb_lzop_be32(&r), packed;
		const u8 *block;

		if (!plain && !r.short_read)
			return out;
		packed = kb_lzop_be32(&r);
		if (flags & KB_LZOP_ADLER32_D)
			kb_lzop_take(&r, 4);
		if (flags & KB_LZOP_CRC32_D)
			kb_lzop_take(&r, 4);
		if (packed < plain && (flags & KB_LZOP_ADLER32_C))
			kb_lzop_take(&r, 4);
		if (packed < plain && (flags & KB_LZOP_CRC32_C))
			kb_lzop_take(&r, 4);
		block = kb_lzop_take(&r, packed);
		if (r.short_read || packed > plain)
			break;
		if (plain > dst_size - out)
			return -E2BIG;
		if (packed == plain) {
			memcpy(dst + out, block, plain);
		} else {
			size_t got = plain;

			if (lzo1x_decompress_safe(block, packed, dst + out, &got) != LZO_E_OK ||
			    got != plain)
				return -EBADMSG;
		}
		out += plain;
	}
	return -EBADMSG;
}
