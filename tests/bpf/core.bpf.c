// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fault: reads a kernel structure by CO-RE relocations, which the loader does
 * not support.
 */
#include "section.bpf.h"

struct task_struct {
	int pid;
} __attribute__((preserve_access_index));

SEC_PARSER
int parse(void *context)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();

	return task->pid;
}

char LICENSE[] SEC("license") = "GPL";
