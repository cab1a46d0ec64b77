// SPDX-License-Identifier: GPL-2.0-or-later
/* Fault: calls a kfunc that no module has. */
#include "section.bpf.h"

int bpf_helper_of_tomorrow(void) KEXEC_BPF_KSYM;

SEC_PARSER
int parse(void *context)
{
	return bpf_helper_of_tomorrow();
}

char LICENSE[] SEC("license") = "GPL";
