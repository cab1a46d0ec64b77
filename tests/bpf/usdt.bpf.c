// SPDX-License-Identifier: GPL-2.0-or-later
/* Fault: a program whose section names no place at all. */
#include "section.bpf.h"

SEC("usdt")
int parse(void *context)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
