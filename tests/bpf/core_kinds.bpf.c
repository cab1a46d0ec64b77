// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Asks the kernel about its types in each way that clang knows (CO-RE): offsets, sizes and
 * bits of fields, whether fields, types and values exist, in the program and in functions.
 * Names a kernel only if the answers are right.
 */
#include "section.bpf.h"
#include <bpf/bpf_core_read.h>

#define CORE __attribute__((preserve_access_index))

struct list_head {
	struct list_head *prev, *next;
} CORE;

struct task_struct {
	int exit_code;
	unsigned in_execve : 1;
	struct list_head tasks;
	struct task_struct *group_leader;
	char comm[16];
	int of_tomorrow;
} CORE;

/* Another type of the same name, as libbpf's flavours are. */
struct task_struct___other {
	long of_yesterday;
	int tgid;
} CORE;

struct no_such_type {
	int field;
} CORE;

enum pid_type { PIDTYPE_PID = 7, PIDTYPE_MAX = 9, PIDTYPE_OF_TOMORROW = 11 };
typedef int pid_t;

static __attribute__((noinline)) int sizes(void)
{
	return bpf_core_type_size(struct list_head) == 2 * sizeof(void *) &&
	       bpf_core_field_size(struct task_struct, comm) == 16 &&
	       bpf_core_field_offset(struct list_head, next) == 0 &&
	       bpf_core_field_offset(struct list_head, prev) == 8;
}

__attribute__((noinline)) int exist(void)
{
	return bpf_core_type_exists(struct list_head) && !bpf_core_type_exists(struct no_such_type) &&
	       bpf_core_field_exists(struct task_struct, tasks) &&
	       !bpf_core_field_exists(struct task_struct, of_tomorrow) &&
	       !bpf_core_field_exists(struct task_struct___other, of_yesterday) &&
	       bpf_core_enum_value_exists(enum pid_type, PIDTYPE_PID) &&
	       !bpf_core_enum_value_exists(enum pid_type, PIDTYPE_OF_TOMORROW) &&
	       bpf_core_type_exists(pid_t);
}

SEC_PARSER
int parse(void *context)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct task_struct___other *other = (void *)task->group_leader;

	if (!sizes() || !exist())
		return 0;
	if (bpf_core_enum_value(enum pid_type, PIDTYPE_PID) != 0)
		return 0;
	if (other->tgid != (int)(bpf_get_current_pid_tgid() >> 32))
		return 0;
	if (task->exit_code || !task->comm[0] || BPF_CORE_READ_BITFIELD(task, in_execve))
		return 0;
	slice_uki();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
