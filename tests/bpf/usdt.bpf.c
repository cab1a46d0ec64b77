// SPDX-License-Identifier: GPL-2.0-or-later
/* Fault: a program whose ELF section name does not say where to attach it. */
#include "section.bpf.h"

SEC("usdt")
int parse(void *context)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
