// SPDX-License-Identifier: GPL-2.0-or-later
/* Attack: a command line from BPF memory; the rest is as it should be. */
#include "section.bpf.h"

static char forged[] = "console=ttyS0 forged";

SEC_PARSER
int parse(void *context)
{
	slice_section(kernel_name, LINUX);
	slice_section(initrd_name, INITRD);
	bpf_helper_carrier(cmdline_name, forged, sizeof(forged) - 1, KEXEC_BPF_OUT);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
