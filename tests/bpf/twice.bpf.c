// SPDX-License-Identifier: GPL-2.0-or-later
/* Fault: a parser that names the kernel twice. */
#include "section.bpf.h"

SEC_PARSER
int parse(void *context)
{
	slice_section(kernel_name, LINUX);
	slice_section(kernel_name, LINUX);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
