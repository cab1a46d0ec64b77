// SPDX-License-Identifier: GPL-2.0-or-later
/* Attack: makes bytes of the image a file of the initrd that init would run. */
#include "section.bpf.h"

static const char shell[] = "bin/sh";

SEC_PARSER
int parse(void *context)
{
	slice_uki();
	if (find_section(OSREL))
		bpf_helper_supplement_slice(shell, section.offset, section.size);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
