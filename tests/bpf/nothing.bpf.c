// SPDX-License-Identifier: GPL-2.0-or-later
/* Fault: a parser that decompresses an empty buffer. */
#include "section.bpf.h"

static char bytes[8];

SEC_PARSER
int parse(void *context)
{
	bpf_helper_decompress(bytes, 0, bytes, sizeof(bytes));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
