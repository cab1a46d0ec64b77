// SPDX-License-Identifier: GPL-2.0-or-later
/* Attack: a kernel from BPF memory; the rest is as it should be. */
#include "section.bpf.h"

static const char osrel_path[] = ".extra/os-release";

#define KERNEL_BYTES	(32 << 20)

struct kernel {
	char bytes[KERNEL_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct kernel);
} kernels SEC(".maps");

SEC_PARSER
int parse(void *context)
{
	__u32 zero = 0;
	struct kernel *kernel = bpf_map_lookup_elem(&kernels, &zero);
	__u64 size;

	if (!kernel || !find_section(LINUX))
		return 0;
	size = section.size;
	if (!size || size > KERNEL_BYTES ||
	    bpf_helper_read(section.offset, kernel->bytes, size))
		return 0;
	bpf_helper_carrier(kernel_name, kernel->bytes, size, KEXEC_BPF_OUT);
	slice_section(initrd_name, INITRD);
	slice_section(cmdline_name, CMDLINE);
	if (find_section(OSREL))
		bpf_helper_supplement_slice(osrel_path, section.offset, section.size);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
