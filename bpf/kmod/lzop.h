/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file format of lzop, which contains lzo1x blocks. */
#ifndef KB_LZOP_H
#define KB_LZOP_H

#include <linux/types.h>

/* Reads a file block by block; @at is how far. */
struct kb_lzop {
	const u8 *src;
	size_t size;
	size_t at;
	bool short_read;
	unsigned int version;
	u32 flags;
};

void kb_lzop_open(struct kb_lzop *r, const u8 *src, size_t size);

/*
 * Returns whether the kernel reads the file in the same way when it unpacks an
 * initrd: lib/decompress_unlzo.c does not look at the flags for checksums.
 */
bool kb_lzop_in_initrd(const struct kb_lzop *r);

/*
 * Decompresses the next block. Returns its size, 0 at the end of the file,
 * -E2BIG (more than @dst_size) or -EBADMSG.
 */
ssize_t kb_lzop_next(struct kb_lzop *r, u8 *dst, size_t dst_size);

/* Decompresses a whole file, as kb_decompress() does. */
ssize_t kb_lzop(const u8 *src, size_t src_size, u8 *dst, size_t dst_size);

#endif /* KB_LZOP_H */
