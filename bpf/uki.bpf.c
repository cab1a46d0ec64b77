// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Parses a Unified Kernel Image: a PE file whose sections contain the kernel,
 * the initrd and the command line. As in systemd-stub, the sections before the
 * first .profile are the base, those of the selected profile override them, and
 * within each, the first section of a name is used.
 */
#include "parser.bpf.h"
#include "kexec_bpf_uki.h"

#define PE_OFFSET_AT		0x3c
#define PE_MAGIC		0x00004550	/* "PE\0\0" */

/* Sections that become a resource or a file in the initrd. */
enum section {
#define KEXEC_BPF_UKI_RESOURCE(id, ...) id,
#define KEXEC_BPF_UKI_FILE(id, ...) id,
#include "kexec_bpf_uki.h"
	SECTIONS
};

/* Sections that become files in the initrd. */
enum section_file {
#define KEXEC_BPF_UKI_FILE(id, ...) FILE_##id,
#include "kexec_bpf_uki.h"
	FILES
};

/* Section names as 64-bit numbers, so that comparing two is one instruction. */
static const union {
	char text[16];
	__u64 number;		/* the first 8 bytes, padded with NUL */
} names[SECTIONS] = {
#define KEXEC_BPF_UKI_RESOURCE(id, ...) \
	[id] = { KEXEC_BPF_UKI_##id },
#define KEXEC_BPF_UKI_FILE(id, ...) \
	[id] = { KEXEC_BPF_UKI_##id },
#include "kexec_bpf_uki.h"
};

static const struct {
	enum section section;
	char path[32];		/* constant strings: see the note on __str in kexec_bpf.h */
} files[FILES] = {
#define KEXEC_BPF_UKI_FILE(id, target, ...) \
	[FILE_##id] = { id, target },
#include "kexec_bpf_uki.h"
};

struct pe_header {
	__u32 magic;
	__u16 machine;
	__u16 sections;
	__u32 timestamp;
	__u32 symbol_table;
	__u32 symbols;
	__u16 optional_header_size;
	__u16 characteristics;
};

struct section_header {
	__u64 name;
	__u32 virtual_size;
	__u32 virtual_address;
	__u32 raw_size;
	__u32 raw_offset;
	__u32 unused[4];
};

struct slice {
	__u64 offset;
	__u64 size;
	__u32 found;		/* 0, FOUND_BASE or FOUND_PROFILE */
	__u32 pad;
};

#define FOUND_BASE	1
#define FOUND_PROFILE	2

/*
 * Global rather than on the stack, where the verifier would explore every
 * combination of sections found, which takes minutes. Not static, because clang
 * would split a static struct into its fields.
 */
struct {
	__u64 table;		/* offset of the section table */
	__u32 sections;
	__u32 profiles;		/* seen so far */
	__u32 selected;
	__u32 pad;
	struct slice slices[SECTIONS];
} uki;

static __always_inline void take(struct slice *slice, const struct section_header *header,
				 __u32 rank)
{
	if (slice->found >= rank)
		return;
	slice->found = rank;
	slice->offset = header->raw_offset;
	/* The rest of the raw data is padding to the file alignment. */
	slice->size = header->virtual_size < header->raw_size ?
		      header->virtual_size : header->raw_size;
}

static long read_section(__u32 i, void *context)
{
	struct section_header header;
	__u32 rank, section;

	if (i >= uki.sections ||
	    bpf_helper_read(uki.table + i * sizeof(header), &header, sizeof(header)))
		return 1;
	if (header.name == names[PROFILE].number)
		uki.profiles++;
	if (!uki.profiles)
		rank = FOUND_BASE;
	else if (uki.profiles == uki.selected + 1)
		rank = FOUND_PROFILE;
	else
		return 0;

#pragma unroll
	for (section = 0; section < SECTIONS; section++)
		if (header.name == names[section].number) {
			take(&uki.slices[section], &header, rank);
			break;
		}
	return 0;
}

static __always_inline int name_resource(const char *name, const struct slice *slice)
{
	return slice->found ? bpf_helper_slice(name, slice->offset, slice->size) : 0;
}

/* Stops at the first error; the load's report says what it was. */
static __always_inline int name_resources(__u32 flags)
{
	if (name_resource(kernel_name, &uki.slices[LINUX]))
		return -1;
	/* The kernel looks for microcode at the very start of the initrd. */
	if (name_resource(initrd_name, &uki.slices[UCODE]) ||
	    name_resource(initrd_name, &uki.slices[INITRD]))
		return -1;
	if (flags & KEXEC_BPF_SELECT_REPLACE_CMDLINE)
		return 0;
	return name_resource(cmdline_name, &uki.slices[CMDLINE]);
}

/* Adds the non-empty sections that become files, in systemd-stub's order. */
static __always_inline int add_files(void)
{
	__u32 i;

#pragma unroll
	for (i = 0; i < FILES; i++) {
		const struct slice *slice = &uki.slices[files[i].section];

		if (slice->size &&
		    bpf_helper_supplement_slice(files[i].path, slice->offset, slice->size))
			return -1;
	}
	return 0;
}

SEC_PARSER
int parse_uki(void *context)
{
	struct kexec_bpf_selection *select;
	struct pe_header pe;
	__u32 zero = 0, pe_offset, flags = 0;

	if (bpf_helper_read(PE_OFFSET_AT, &pe_offset, sizeof(pe_offset)) ||
	    bpf_helper_read(pe_offset, &pe, sizeof(pe)) || pe.magic != PE_MAGIC)
		return 0;
	select = bpf_map_lookup_elem(&selection, &zero);
	if (select) {
		uki.selected = select->profile;
		flags = select->flags;
	}
	uki.table = (__u64)pe_offset + sizeof(pe) + pe.optional_header_size;
	uki.sections = pe.sections;
	bpf_loop(KEXEC_BPF_SECTIONS_MAX, read_section, NULL, 0);

	/*
	 * Without a .linux section or the selected profile, name no kernel: the
	 * module then fails the load.
	 */
	if (!uki.slices[LINUX].found || (uki.selected && uki.selected >= uki.profiles))
		return 0;
	if (name_resources(flags))
		return 0;
	add_members();
	if (!add_files())
		add_addons();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
