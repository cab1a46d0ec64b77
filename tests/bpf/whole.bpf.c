// SPDX-License-Identifier: GPL-2.0-or-later
/* Gives a whole section as the initrd, from an image that is not a UKI. */
#include "section.bpf.h"

#define CODE	NAME('.', 'c', 'o', 'd', 'e', 0, 0, 0)
#define DATA	NAME('.', 'd', 'a', 't', 'a', 0, 0, 0)

SEC_PARSER
int parse(void *context)
{
	slice_section(kernel_name, CODE);
	slice_section(initrd_name, DATA);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
