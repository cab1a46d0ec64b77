// SPDX-License-Identifier: GPL-2.0-or-later
/* As in the RFC: copies the image to BPF memory, gives resources from it. */
#include "section.bpf.h"

#define HALF_BYTES	(16 << 20)

struct image {
	char bytes[2 * HALF_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct image);
} images SEC(".maps");

static const char image_name[] = KEXEC_BPF_IMAGE;

static __always_inline int carry(struct image *image, const char *resource, __u64 name)
{
	__u64 offset, size;

	if (!find_section(name))
		return -1;
	offset = section.offset;
	size = section.size;
	if (offset >= HALF_BYTES || size >= HALF_BYTES)
		return -1;
	/* clang 19 would join the two checks of size into one that the verifier cannot follow. */
	barrier_var(size);
	if (!size)
		return -1;
	return bpf_helper_carrier(resource, image->bytes + offset, size, KEXEC_BPF_OUT);
}

SEC_PARSER
int parse(void *context)
{
	__u32 zero = 0;
	struct image *image = bpf_map_lookup_elem(&images, &zero);

	if (!image || bpf_helper_carrier(image_name, image->bytes, sizeof(image->bytes),
					 KEXEC_BPF_IN) <= 0)
		return 0;
	carry(image, kernel_name, LINUX);
	slice_section(initrd_name, INITRD);
	carry(image, cmdline_name, CMDLINE);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
