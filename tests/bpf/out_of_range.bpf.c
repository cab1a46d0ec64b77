// SPDX-License-Identifier: GPL-2.0-or-later
/* Fault: gives a slice that ends after the image. */
#include "section.bpf.h"

SEC_PARSER
int parse(void *context)
{
	if (find_section(LINUX))
		bpf_helper_slice(kernel_name, section.offset, 1ULL << 40);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
