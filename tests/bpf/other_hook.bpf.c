// SPDX-License-Identifier: GPL-2.0-or-later
/* Attack: calls the kfuncs from a program on another function. */
#include "section.bpf.h"

SEC("fentry/kernel_read_file")
int parse(void *context)
{
	return bpf_helper_slice(kernel_name, 0, 1);
}

char LICENSE[] SEC("license") = "GPL";
