// SPDX-License-Identifier: GPL-2.0-or-later
/* Attack: leaves out the image's command line. */
#include "section.bpf.h"

SEC_PARSER
int parse(void *context)
{
	slice_section(kernel_name, LINUX);
	slice_section(initrd_name, INITRD);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
