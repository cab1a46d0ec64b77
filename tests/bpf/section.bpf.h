/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds sections of a PE image, for test programs. */
#ifndef SECTION_BPF_H
#define SECTION_BPF_H

#include "parser.bpf.h"

#define NAME(a, b, c, d, e, f, g, h)					\
	((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24 |	\
	 (__u64)(e) << 32 | (__u64)(f) << 40 | (__u64)(g) << 48 | (__u64)(h) << 56)
#define LINUX	NAME('.', 'l', 'i', 'n', 'u', 'x', 0, 0)
#define INITRD	NAME('.', 'i', 'n', 'i', 't', 'r', 'd', 0)
#define CMDLINE	NAME('.', 'c', 'm', 'd', 'l', 'i', 'n', 'e')
#define OSREL	NAME('.', 'o', 's', 'r', 'e', 'l', 0, 0)

/* Global and not static for the reasons that bpf/uki.bpf.c gives. */
struct {
	__u64 name;
	__u64 table;
	__u64 offset;
	__u64 size;
	__u32 found;
} section;

static long match_section(__u32 i, void *context)
{
	struct {
		__u64 name;
		__u32 virtual_size;
		__u32 virtual_address;
		__u32 raw_size;
		__u32 raw_offset;
		__u32 unused[4];
	} header;

	if (bpf_helper_read(section.table + i * sizeof(header), &header, sizeof(header)))
		return 1;
	if (header.name != section.name)
		return 0;
	section.offset = header.raw_offset;
	section.size = header.virtual_size;
	section.found = 1;
	return 1;
}

/* Describes the section in "section"; returns false if there is none. */
static __always_inline int find_section(__u64 name)
{
	__u32 pe;
	__u16 optional;

	section.name = name;
	section.found = 0;
	if (bpf_helper_read(0x3c, &pe, sizeof(pe)) ||
	    bpf_helper_read((__u64)pe + 20, &optional, sizeof(optional)))
		return 0;
	section.table = (__u64)pe + 24 + optional;
	bpf_loop(32, match_section, NULL, 0);
	return section.found;
}

static __always_inline int slice_section(const char *resource, __u64 name)
{
	return find_section(name) ? bpf_helper_slice(resource, section.offset, section.size) : -1;
}

/* Gives kernel, initrd and command line of a UKI. */
static __always_inline void slice_uki(void)
{
	slice_section(kernel_name, LINUX);
	slice_section(initrd_name, INITRD);
	slice_section(cmdline_name, CMDLINE);
}

#endif /* SECTION_BPF_H */
