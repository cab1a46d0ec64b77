// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Attack: decompresses the initrd. The decoder stops after the first stream and
 * so cuts off what follows.
 */
#include "section.bpf.h"

SEC_PARSER
int parse(void *context)
{
	slice_section(kernel_name, LINUX);
	if (find_section(INITRD))
		bpf_helper_decompress_slice(initrd_name, section.offset, section.size, 1 << 20);
	slice_section(cmdline_name, CMDLINE);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
