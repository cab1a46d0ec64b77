// SPDX-License-Identifier: GPL-2.0-or-later
/* Attack: an initrd from BPF memory; the rest is as it should be. */
#include "section.bpf.h"

static char forged[] = "an initrd that nobody signed";

SEC_PARSER
int parse(void *context)
{
	slice_section(kernel_name, LINUX);
	bpf_helper_carrier(initrd_name, forged, sizeof(forged), KEXEC_BPF_OUT);
	slice_section(cmdline_name, CMDLINE);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
