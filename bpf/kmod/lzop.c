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

#define KB_LZOP_MAGIC		"\x89LZO\0\r\n\x1a\n"
#define KB_LZOP_MAGIC_BYTES	9
#define KB_LZOP_LEVELS		0x0940	/* first version with level, high mtime */
#define KB_LZOP_ADLER32_D	0x00000001
#define KB_LZOP_ADLER32_C	0x00000002
#define KB_LZOP_EXTRA		0x00000040
#define KB_LZOP_CRC32_D		0x00000100
#define KB_LZOP_CRC32_C		0x00000200
#define KB_LZOP_FILTER		0x00000800

static const u8 *kb_lzop_take(struct kb_lzop *r, size_t bytes)
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

static u32 kb_lzop_be32(struct kb_lzop *r)
{
	return get_unaligned_be32(kb_lzop_take(r, sizeof(u32)));
}

static void kb_lzop_header(struct kb_lzop *r)
{
	kb_lzop_take(r, KB_LZOP_MAGIC_BYTES);
	r->version = get_unaligned_be16(kb_lzop_take(r, 2));
	kb_lzop_take(r, 2);			/* version of the library */
	if (r->version >= KB_LZOP_LEVELS)
		kb_lzop_take(r, 2);		/* version needed to extract */
	kb_lzop_take(r, 1);			/* method */
	if (r->version >= KB_LZOP_LEVELS)
		kb_lzop_take(r, 1);		/* level */
	r->flags = kb_lzop_be32(r);
	if (r->flags & KB_LZOP_FILTER)
		kb_lzop_take(r, 4);
	kb_lzop_take(r, 8);			/* mode, mtime */
	if (r->version >= KB_LZOP_LEVELS)
		kb_lzop_take(r, 4);
	kb_lzop_take(r, *kb_lzop_take(r, 1));	/* name */
	kb_lzop_take(r, 4);			/* checksum of the header */
	if (r->flags & KB_LZOP_EXTRA)
		kb_lzop_take(r, kb_lzop_be32(r) + 4);
}

void kb_lzop_open(struct kb_lzop *r, const u8 *src, size_t size)
{
	*r = (struct kb_lzop) { .src = src, .size = size };
	kb_lzop_header(r);
}

bool kb_lzop_in_initrd(const struct kb_lzop *r)
{
	const u32 checksums = KB_LZOP_ADLER32_D | KB_LZOP_ADLER32_C |
			      KB_LZOP_CRC32_D | KB_LZOP_CRC32_C;
	u32 flags = r->flags & (checksums | KB_LZOP_EXTRA);

	/* It takes each header for one of a later version, and skips 4 bytes per block. */
	return !memcmp(r->src, KB_LZOP_MAGIC, KB_LZOP_MAGIC_BYTES) &&
	       r->version >= KB_LZOP_LEVELS &&
	       (flags == KB_LZOP_ADLER32_D || flags == KB_LZOP_CRC32_D);
}

ssize_t kb_lzop_next(struct kb_lzop *r, u8 *dst, size_t dst_size)
{
	u32 plain = kb_lzop_be32(r), packed;
	size_t got = plain;
	const u8 *block;

	if (!plain && !r->short_read)
		return 0;
	packed = kb_lzop_be32(r);
	if (r->flags & KB_LZOP_ADLER32_D)
		kb_lzop_take(r, 4);
	if (r->flags & KB_LZOP_CRC32_D)
		kb_lzop_take(r, 4);
	if (packed < plain && (r->flags & KB_LZOP_ADLER32_C))
		kb_lzop_take(r, 4);
	if (packed < plain && (r->flags & KB_LZOP_CRC32_C))
		kb_lzop_take(r, 4);
	block = kb_lzop_take(r, packed);
	if (r->short_read || packed > plain)
		return -EBADMSG;
	if (plain > dst_size)
		return -E2BIG;
	if (packed == plain)
		memcpy(dst, block, plain);
	else if (lzo1x_decompress_safe(block, packed, dst, &got) != LZO_E_OK || got != plain)
		return -EBADMSG;
	return plain;
}

ssize_t kb_lzop(const u8 *src, size_t src_size, u8 *dst, size_t dst_size)
{
	struct kb_lzop r;
	size_t out = 0;
	ssize_t got;

	kb_lzop_open(&r, src, src_size);
	do {
		got = kb_lzop_next(&r, dst + out, dst_size - out);
		if (got < 0)
			return got;
		out += got;
	} while (got);
	return out;
}
