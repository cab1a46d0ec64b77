// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Parses an EFI zboot image (drivers/firmware/efi/libstub/zboot-header.S): a PE
 * file that contains one compressed kernel. The initrd and the command line
 * come from user space and from addons.
 */
#include "parser.bpf.h"

#define ZBOOT_MAGIC	0x676d697a	/* "zimg" */
#define GZIP_NAME	0x70697a67	/* "gzip" */

struct zboot_header {
	__u32 mz_magic;
	__u32 zboot_magic;
	__u32 payload_offset;
	__u32 payload_size;
	__u32 reserved[2];
	__u32 compression;	/* first 4 bytes of the format's name */
};

SEC_PARSER
int parse_zboot(void *context)
{
	struct zboot_header zboot;
	__u64 size_at;
	__u32 size;

	if (bpf_helper_read(0, &zboot, sizeof(zboot)) || zboot.zboot_magic != ZBOOT_MAGIC)
		return 0;
	/*
	 * gzip data ends with 4 bytes that give the size of the decompressed
	 * kernel. For other formats the kernel build appends such a size, which
	 * payload_size does not include.
	 */
	size_at = (__u64)zboot.payload_offset + zboot.payload_size;
	if (zboot.compression == GZIP_NAME)
		size_at -= sizeof(size);
	if (bpf_helper_read(size_at, &size, sizeof(size)))
		return 0;
	if (bpf_helper_decompress_slice(kernel_name, zboot.payload_offset, zboot.payload_size,
					size) < 0)
		return 0;
	add_members();
	add_addons();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
