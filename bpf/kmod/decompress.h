/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The decompressors that a stock kernel exports to modules. */
#ifndef KB_DECOMPRESS_H
#define KB_DECOMPRESS_H

#include <linux/types.h>

/*
 * Decompresses @src in the format that its magic number says. Returns the
 * decompressed size, or -E2BIG (more than @dst_size), -EBADMSG (damaged),
 * -EOPNOTSUPP (known, but this kernel has no decompressor), -ENOMEM, or -EINVAL
 * (unknown).
 */
ssize_t kb_decompress(const u8 *src, size_t src_size, u8 *dst, size_t dst_size);

#endif /* KB_DECOMPRESS_H */
