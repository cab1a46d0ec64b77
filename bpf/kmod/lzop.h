/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file format of lzop, which contains lzo1x blocks. */
#ifndef KB_LZOP_H
#define KB_LZOP_H

#include <linux/types.h>

ssize_t kb_lzop(const u8 *src, size_t src_size, u8 *dst, size_t dst_size);

#endif /* KB_LZOP_H */
