// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exercises the loader: a map of each kind that it knows, described in each way that
 * bpf_helpers.h offers, and variables in sections of their own. Names a kernel only if
 * all of them work.
 */
#include "section.bpf.h"

enum state { EMPTY, FULL };
enum wide { WIDE = 1ULL << 40 };
typedef const volatile __u16 small;

struct value {
	small numbers[3];
	void *unused[2][2];
	enum state state;
};

struct key {
	__u32 prefix_bits;
	__u8 address[4];
};

#define MAP(of, count) __uint(type, BPF_MAP_TYPE_##of); __uint(max_entries, count)

struct {
	MAP(LRU_HASH, 16);
	__type(key, enum wide);
	__type(value, struct value);
} lru SEC(".maps");

/* Only created: a program that may sleep cannot use it on 6.12. */
struct {
	MAP(LPM_TRIE, 4);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct key);
	__type(value, char[3][5]);
} a_name_of_more_than_15_bytes SEC(".maps");

struct {
	MAP(QUEUE, 3);
	__type(value, float);
} queue SEC(".maps");

struct {
	MAP(STACK, 2);
	__uint(value_size, 24);
} stack SEC(".maps");

struct {
	MAP(ARRAY, 1);
	__uint(map_flags, BPF_F_RDONLY_PROG | BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, small);
} read_only SEC(".maps");

struct {
	MAP(HASH, 5);
	__type(key, __u8);
	__type(value, __u8);
} unused SEC(".maps");

/* Sections of their own, static and not; .bss with a gap. */
__u32 own SEC(".data.own") = 3;
static volatile __u32 hidden SEC(".data.hidden") = 4;
const volatile __u32 constants[3] SEC(".rodata.own") = { 5, 6, 7 };
static char byte;
static volatile __u64 apart[2] __attribute__((aligned(64)));

SEC_PARSER
int parse(void *context)
{
	struct value value = { .state = FULL }, *found;
	enum wide key = WIDE;
	__u64 top[3] = { 8 };
	float top_of_queue = 0;
	__u32 zero = 0;

	bpf_map_update_elem(&lru, &key, &value, BPF_ANY);
	found = bpf_map_lookup_elem(&lru, &key);
	if (!found || found->state != FULL)
		return 0;
	bpf_map_push_elem(&queue, &top_of_queue, BPF_ANY);
	bpf_map_push_elem(&stack, top, BPF_ANY);
	if (bpf_map_pop_elem(&stack, top) || top[0] != 8)
		return 0;
	if (!bpf_map_lookup_elem(&read_only, &zero))
		return 0;
	byte++;
	apart[1] = own + hidden + constants[2];
	if (apart[1] != 14)
		return 0;
	slice_uki();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
