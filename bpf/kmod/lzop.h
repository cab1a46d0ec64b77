/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lzop's file format around lzo1x blocks. */
#ifndef KB_LZOP_H
#define KB_LZOP_H

#include <linux/types.h>

ssize_t kb_lzop(const u8 *src, size_t src_size, u8 *dst, size_t dst_size);

#endif /* KB_LZOP_H */
