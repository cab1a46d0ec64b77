// SPDX-License-Identifier: GPL-2.0-or-later
/* Fault: a parser that names nothing. */
#include "section.bpf.h"

SEC_PARSER
int parse(void *context)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
