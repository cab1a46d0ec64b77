// SPDX-License-Identifier: GPL-2.0-or-later
/* Fault: stores through a made-up pointer, so that the verifier rejects it. */
#include "section.bpf.h"

SEC_PARSER
int parse(void *context)
{
	*(volatile __u64 *)0x1000 = 1;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
