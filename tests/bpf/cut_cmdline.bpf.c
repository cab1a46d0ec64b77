// SPDX-License-Identifier: GPL-2.0-or-later
/* Attack: gives bytes as command line that were not signed as one. */
#include "section.bpf.h"

SEC_PARSER
int parse(void *context)
{
	slice_section(kernel_name, LINUX);
	slice_section(initrd_name, INITRD);
	if (find_section(CMDLINE))
		bpf_helper_slice(cmdline_name, section.offset, section.size / 2);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
