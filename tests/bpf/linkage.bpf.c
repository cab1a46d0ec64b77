// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exercises the loader: functions and variables of each linkage, a function
 * that nothing calls, kernel functions that may not exist, and a map that the
 * loader does not know. Names a kernel only if all of them work as they should.
 */
#include "section.bpf.h"

/* .data, .rodata and .bss */
__u32 counted = 40;
static volatile const __u32 step = 1;
__u64 sums[4];

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(key_size, sizeof(__u64));
	__uint(value_size, sizeof(__u32));
} seen SEC(".maps");

__weak void bpf_rcu_read_lock(void) KEXEC_BPF_KSYM;
void bpf_rcu_read_unlock(void) KEXEC_BPF_KSYM;
__weak __typeof__(bpf_helper_slice) bpf_helper_slice;
__weak int bpf_helper_of_tomorrow(int value) KEXEC_BPF_KSYM;

static __attribute__((noinline)) __u32 count(__u32 by)
{
	counted += by;
	return counted;
}

/* A global function: the verifier checks it on its own. */
__attribute__((noinline)) int twice(int value)
{
	return 2 * value;
}

/* Hidden, so not checked on its own, where @at would have no bound. */
__hidden __attribute__((noinline)) int put(__u32 at, __u64 sum)
{
	sums[at] = sum;
	return 0;
}

__attribute__((noinline)) int never_called(int value)
{
	return count(value);
}

static __attribute__((noinline)) __u32 remembered(void)
{
	__u64 key = 7;
	__u32 value = 77, *found;

	bpf_map_update_elem(&seen, &key, &value, BPF_ANY);
	bpf_rcu_read_lock();
	found = bpf_map_lookup_elem(&seen, &key);
	value = found ? *found : 0;
	bpf_rcu_read_unlock();
	return value;
}

SEC_PARSER
int parse(void *context)
{
	count(step);
	put(3, twice(count(step)));
	if (sums[3] != 84 || remembered() != 77)
		return 0;
	if (!bpf_rcu_read_lock || !bpf_helper_slice)
		return 0;
	if (bpf_helper_of_tomorrow && bpf_helper_of_tomorrow(1))
		return 0;
	slice_uki();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
