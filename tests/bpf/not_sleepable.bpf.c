// SPDX-License-Identifier: GPL-2.0-or-later
/* Fault: a program that must not sleep calls a kfunc that may. */
#include "section.bpf.h"

SEC("fentry/" KEXEC_BPF_HOOK_NAME)
int parse(void *context)
{
	return bpf_helper_slice(kernel_name, 0, 1);
}

char LICENSE[] SEC("license") = "GPL";
