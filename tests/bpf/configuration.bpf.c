// SPDX-License-Identifier: GPL-2.0-or-later
/* Fault: reads the kernel's configuration, which the loader does not offer. */
#include "section.bpf.h"

extern _Bool CONFIG_KEXEC_FILE __kconfig;

SEC_PARSER
int parse(void *context)
{
	if (CONFIG_KEXEC_FILE)
		slice_section(kernel_name, LINUX);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
