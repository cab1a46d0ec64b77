// SPDX-License-Identifier: GPL-2.0-or-later
/* Attack: gives another section as the initrd. */
#include "section.bpf.h"

SEC_PARSER
int parse(void *context)
{
	slice_section(kernel_name, LINUX);
	slice_section(initrd_name, OSREL);
	slice_section(cmdline_name, CMDLINE);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
