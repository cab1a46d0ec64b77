/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The module's own parsers, for images that carry none. They are read-only data
 * of the module, so its signature covers them.
 */
#include <linux/linkage.h>

	.section .rodata, "a"

	.balign 8
	.globl kb_uki_parser, kb_uki_parser_end
kb_uki_parser:
	.incbin "uki.parser"
kb_uki_parser_end:

	.balign 8
	.globl kb_zboot_parser, kb_zboot_parser_end
kb_zboot_parser:
	.incbin "zboot.parser"
kb_zboot_parser_end:
