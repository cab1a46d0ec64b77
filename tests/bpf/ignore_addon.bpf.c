// SPDX-License-Identifier: GPL-2.0-or-later
/* Attack: goes on as if no addon had been rejected. */
#include "section.bpf.h"

SEC_PARSER
int parse(void *context)
{
	add_members();
	add_addons();
	slice_uki();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
