// SPDX-License-Identifier: GPL-2.0-or-later
/* Attack: puts a file that root chose where init would run it. */
#include "section.bpf.h"

/* Writable, because the verifier requires that of memory/size arguments. */
static char directory[] = "usr/bin";
static char file[] = "/tool";

SEC_PARSER
int parse(void *context)
{
	slice_uki();
	bpf_helper_supplement_initrd(directory, sizeof(directory), file, sizeof(file));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
