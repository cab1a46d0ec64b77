// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Attack: takes the kernel from the certificate table, which the signature
 * does not cover.
 */
#include "section.bpf.h"

/* From the PE signature to data directory 4 of a PE32+ file. */
#define CERTIFICATES_AT	(24 + 112 + 4 * 8)

SEC_PARSER
int parse(void *context)
{
	struct {
		__u32 offset;
		__u32 size;
	} table;
	__u32 pe;

	if (bpf_helper_read(0x3c, &pe, sizeof(pe)) ||
	    bpf_helper_read((__u64)pe + CERTIFICATES_AT, &table, sizeof(table)))
		return 0;
	bpf_helper_slice(kernel_name, table.offset, table.size);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
