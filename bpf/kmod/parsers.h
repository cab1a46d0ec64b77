/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parsers in parsers.S: BPF object files. */
#ifndef KB_PARSERS_H
#define KB_PARSERS_H

#include <linux/types.h>

extern const u8 kb_uki_parser[], kb_uki_parser_end[];
extern const u8 kb_zboot_parser[], kb_zboot_parser_end[];

#endif /* KB_PARSERS_H */
