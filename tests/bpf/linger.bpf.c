// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fault: a parser that calls kfuncs until one fails, and for minutes if none
 * does. What it names after that must come too late.
 */
#include "section.bpf.h"

#define INNER	4096
#define OUTER	65536

static long read_once(__u32 i, void *context)
{
	__u32 word;

	return bpf_helper_read(0, &word, sizeof(word)) != 0;
}

static long read_many(__u32 i, void *context)
{
	__u32 word;

	bpf_loop(INNER, read_once, NULL, 0);
	return bpf_helper_read(0, &word, sizeof(word)) != 0;
}

SEC_PARSER
int parse(void *context)
{
	bpf_loop(OUTER, read_many, NULL, 0);
	slice_uki();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
