// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads fields of a kernel structure, which the kernel has at other offsets than
 * this file (CO-RE): in the program, and in a function that the loader moves.
 * Names the parts of a UKI only if it read what the kernel says.
 */
#include "section.bpf.h"

struct task_struct {
	int tgid;
	int pid;
} __attribute__((preserve_access_index));

__attribute__((noinline)) int read_tgid(void)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();

	return task->tgid;
}

SEC_PARSER
int parse(void *context)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	__u64 ids = bpf_get_current_pid_tgid();

	if (task->pid != (int)ids || read_tgid() != (int)(ids >> 32))
		return 0;
	slice_uki();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
