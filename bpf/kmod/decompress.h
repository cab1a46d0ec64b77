/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The decompressors that a stock kernel exports to modules. */
#ifndef KB_DECOMPRESS_H
#define KB_DECOMPRESS_H

#include <linux/sizes.h>
#include <linux/types.h>

/* Flags in the fourth byte of a gzip file: RFC 1952. */
#define KB_GZIP_FHCRC		0x02
#define KB_GZIP_FEXTRA		0x04
#define KB_GZIP_FNAME		0x08
#define KB_GZIP_FCOMMENT	0x10

/* The most that a chunk of lz4's legacy format becomes. */
#define KB_LZ4_CHUNK	SZ_8M

enum kb_format {
	KB_FORMAT_GZIP,
	KB_FORMAT_ZSTD,
	KB_FORMAT_XZ,
	KB_FORMAT_LZ4,
	KB_FORMAT_LZO,
	KB_FORMAT_LZMA,
	KB_FORMATS	/* none of these */
};

/* Returns the format that the magic number of @src says. */
enum kb_format kb_format(const u8 *src, size_t src_size);

/* Returns whether this kernel has a decompressor for the format. */
bool kb_decompressor_for(enum kb_format format);

/* Returns the offset of the data after the header of a gzip file, or -EBADMSG. */
ssize_t kb_gzip_body(const u8 *src, size_t size);

/*
 * Decompresses @src in the format that its magic number says. Returns the
 * decompressed size, or -E2BIG (more than @dst_size), -EBADMSG (damaged),
 * -EOPNOTSUPP (known, but this kernel has no decompressor), -ENOMEM, or -EINVAL
 * (unknown).
 */
ssize_t kb_decompress(const u8 *src, size_t src_size, u8 *dst, size_t dst_size);

#endif /* KB_DECOMPRESS_H */
