// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fault: a parser that goes on after an error. Its further calls can change
 * nothing, but take time, in which the kexec lock is held.
 */
#include "section.bpf.h"

#define CALLS	1000

static long read_again(__u32 i, void *context)
{
	__u32 word;

	bpf_helper_read(0, &word, sizeof(word));
	return !word;
}

SEC_PARSER
int parse(void *context)
{
	slice_section(kernel_name, LINUX);
	slice_section(kernel_name, LINUX);
	/* A read that fails returns zeros, while an image begins with "MZ". */
	bpf_loop(CALLS, read_again, NULL, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
