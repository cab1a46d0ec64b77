// SPDX-License-Identifier: GPL-2.0-or-later
/* Attack: is attached to the hook before any load, and calls no kfunc. */
#include "section.bpf.h"

SEC_PARSER
int parse(void *context)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
