// SPDX-License-Identifier: GPL-2.0-or-later
/* Exercises bpf_helper_decompress_slice() with a compressed .linux. */
#include "section.bpf.h"

SEC_PARSER
int parse(void *context)
{
	if (find_section(LINUX))
		bpf_helper_decompress_slice(kernel_name, section.offset, section.size, 64 << 20);
	slice_section(initrd_name, INITRD);
	slice_section(cmdline_name, CMDLINE);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
