// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exercises the loader: functions that call functions, static, global and weak ones, and
 * callbacks inside callbacks. Names a kernel only if all of them were called.
 */
#include "section.bpf.h"

static __u32 sum;

static __attribute__((noinline)) __u32 last(__u32 by)
{
	sum += by;
	return sum;
}

/* Global, so checked alone; calls what the program calls as well. */
__attribute__((noinline)) int middle(int by)
{
	last(by & 1);
	return last(2);
}

__weak __attribute__((noinline)) int weak(int by)
{
	return middle(by) + 1;
}

static long inner(__u32 i, void *context)
{
	last(10);
	return 0;
}

static long outer(__u32 i, void *context)
{
	bpf_loop(2, inner, NULL, 0);
	return weak(i) < 0;
}

SEC_PARSER
int parse(void *context)
{
	bpf_loop(2, outer, NULL, 0);
	middle(0);
	if (sum != 47)
		return 0;
	slice_uki();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
