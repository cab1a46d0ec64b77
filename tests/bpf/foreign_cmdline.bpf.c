// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Attack: gives an image without a command line one that was signed as
 * something else.
 */
#include "section.bpf.h"

SEC_PARSER
int parse(void *context)
{
	slice_section(kernel_name, LINUX);
	slice_section(initrd_name, INITRD);
	slice_section(cmdline_name, OSREL);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
