// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Attack: gives a piece of a section as the initrd, from an image that is not a
 * UKI.
 */
#include "section.bpf.h"

#define CODE	NAME('.', 'c', 'o', 'd', 'e', 0, 0, 0)
#define DATA	NAME('.', 'd', 'a', 't', 'a', 0, 0, 0)

SEC_PARSER
int parse(void *context)
{
	slice_section(kernel_name, CODE);
	if (find_section(DATA))
		bpf_helper_slice(initrd_name, section.offset + 1, section.size - 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
