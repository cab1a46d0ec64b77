// SPDX-License-Identifier: GPL-2.0-or-later
/* Attack: replaces the hook's return value and names nothing. */
#include "section.bpf.h"

SEC("fmod_ret.s/" KEXEC_BPF_HOOK_NAME)
int parse(void *context)
{
	return -22;
}

char LICENSE[] SEC("license") = "GPL";
