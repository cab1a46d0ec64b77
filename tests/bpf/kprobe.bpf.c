// SPDX-License-Identifier: GPL-2.0-or-later
/* Fault: a kprobe program, neither for the hook nor an fentry. */
#include "section.bpf.h"

SEC("kprobe/kernel_read_file")
int parse(void *context)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
