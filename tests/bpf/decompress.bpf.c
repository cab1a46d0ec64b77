// SPDX-License-Identifier: GPL-2.0-or-later
/* As in the RFC: decompresses .linux from one BPF buffer to another. */
#include "section.bpf.h"

#define PACKED_BYTES	(32 << 20)
#define PLAIN_BYTES	(32 << 20)

struct packed {
	char bytes[PACKED_BYTES];
};

struct plain {
	char bytes[PLAIN_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct packed);
} packed_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct plain);
} plain_map SEC(".maps");

SEC_PARSER
int parse(void *context)
{
	__u32 zero = 0;
	struct packed *packed = bpf_map_lookup_elem(&packed_map, &zero);
	struct plain *plain = bpf_map_lookup_elem(&plain_map, &zero);
	__u64 size;
	__u64 out;

	if (!packed || !plain || !find_section(LINUX))
		return 0;
	size = section.size;
	if (!size || size > PACKED_BYTES ||
	    bpf_helper_read(section.offset, packed->bytes, size))
		return 0;
	/* Without it clang forgets the bound when it narrows to int. */
	out = (__u32)bpf_helper_decompress(packed->bytes, size, plain->bytes, PLAIN_BYTES);
	asm volatile("" : "+r"(out));
	if (!out || out > PLAIN_BYTES)
		return 0;
	bpf_helper_carrier(kernel_name, plain->bytes, out, KEXEC_BPF_OUT);
	slice_section(initrd_name, INITRD);
	slice_section(cmdline_name, CMDLINE);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
