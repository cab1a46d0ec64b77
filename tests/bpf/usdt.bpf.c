// SPDX-License-Identifier: GPL-2.0-or-later
/* A section whose programs libbpf is built without: see compat/include/libbpf-trim.h. */
#include "section.bpf.h"

SEC("usdt")
int parse(void *context)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
