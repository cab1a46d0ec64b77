// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opens a Unified Kernel Image: a PE file whose sections hold kernel, initrd
 * and command line. Follows systemd-stub: the sections before the first
 * .profile are the base, those of the selected profile override them, and
 * within each, the first section of a name counts.
 */
#include "parser.bpf.h"

#define PE_OFFSET_AT		0x3c
#define PE_MAGIC		0x00004550	/* "PE\0\0" */

/* A section's name as a number, so that comparing it is one instruction. */
#define NAME(a, b, c, d, e, f, g, h)					\
	((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24 |	\
	 (__u64)(e) << 32 | (__u64)(f) << 40 | (__u64)(g) << 48 | (__u64)(h) << 56)
#define LINUX	NAME('.', 'l', 'i', 'n', 'u', 'x', 0, 0)
#define INITRD	NAME('.', 'i', 'n', 'i', 't', 'r', 'd', 0)
#define UCODE	NAME('.', 'u', 'c', 'o', 'd', 'e', 0, 0)
#define CMDLINE	NAME('.', 'c', 'm', 'd', 'l', 'i', 'n', 'e')
#define OSREL	NAME('.', 'o', 's', 'r', 'e', 'l', 0, 0)
#define PCRSIG	NAME('.', 'p', 'c', 'r', 's', 'i', 'g', 0)
#define PCRPKEY	NAME('.', 'p', 'c', 'r', 'p', 'k', 'e', 'y')
#define PROFILE	NAME('.', 'p', 'r', 'o', 'f', 'i', 'l', 'e')

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
 * Not on the stack: there the verifier would follow every combination of sections
 * that were found, for minutes. Not static, or clang splits it into its fields.
 */
struct {
	__u64 table;		/* offset of the section table */
	__u32 sections;
	__u32 profiles;		/* seen so far */
	__u32 selected;
	__u32 pad;
	struct slice kernel;
	struct slice initrd;
	struct slice ucode;
	struct slice cmdline;
	struct slice pcrsig;
	struct slice pcrpkey;
	struct slice osrel;
	struct slice profile;
} uki;

/* The files that systemd-stub makes of these sections. */
static const char pcrsig_path[] = ".extra/tpm2-pcr-signature.json";
static const char pcrpkey_path[] = ".extra/tpm2-pcr-public-key.pem";
static const char osrel_path[] = ".extra/os-release";
static const char profile_path[] = ".extra/profile";

static __always_inline void take(struct slice *slice, const struct section_header *header,
				 __u32 rank)
{
	if (slice->found >= rank)
		return;
	slice->found = rank;
	slice->offset = header->raw_offset;
	/* The rest of the raw bytes is padding to the file's alignment. */
	slice->size = header->virtual_size < header->raw_size ?
		      header->virtual_size : header->raw_size;
}

static long read_section(__u32 i, void *context)
{
	struct section_header header;
	__u32 rank;

	if (i >= uki.sections ||
	    bpf_helper_read(uki.table + i * sizeof(header), &header, sizeof(header)))
		return 1;
	if (header.name == PROFILE)
		uki.profiles++;
	if (!uki.profiles)
		rank = FOUND_BASE;
	else if (uki.profiles == uki.selected + 1)
		rank = FOUND_PROFILE;
	else
		return 0;

	if (header.name == LINUX)
		take(&uki.kernel, &header, rank);
	else if (header.name == INITRD)
		take(&uki.initrd, &header, rank);
	else if (header.name == UCODE)
		take(&uki.ucode, &header, rank);
	else if (header.name == CMDLINE)
		take(&uki.cmdline, &header, rank);
	else if (header.name == PCRSIG)
		take(&uki.pcrsig, &header, rank);
	else if (header.name == PCRPKEY)
		take(&uki.pcrpkey, &header, rank);
	else if (header.name == OSREL)
		take(&uki.osrel, &header, rank);
	else if (header.name == PROFILE)
		take(&uki.profile, &header, rank);
	return 0;
}

/* Stops at the first error, whose reason is in the report of the load. */
static __always_inline int name_resources(__u32 flags)
{
	if (bpf_helper_slice(kernel_name, uki.kernel.offset, uki.kernel.size))
		return -1;
	/* The kernel looks for microcode at the very start of the initrd. */
	if (uki.ucode.found &&
	    bpf_helper_slice(initrd_name, uki.ucode.offset, uki.ucode.size))
		return -1;
	if (uki.initrd.found &&
	    bpf_helper_slice(initrd_name, uki.initrd.offset, uki.initrd.size))
		return -1;
	if (uki.cmdline.found && !(flags & KEXEC_BPF_SELECT_REPLACE_CMDLINE) &&
	    bpf_helper_slice(cmdline_name, uki.cmdline.offset, uki.cmdline.size))
		return -1;
	return 0;
}

/* Adds the sections that become files, in systemd-stub's order, but for empty ones. */
static __always_inline int add_files(void)
{
	if (uki.pcrsig.size &&
	    bpf_helper_supplement_slice(pcrsig_path, uki.pcrsig.offset, uki.pcrsig.size))
		return -1;
	if (uki.pcrpkey.size &&
	    bpf_helper_supplement_slice(pcrpkey_path, uki.pcrpkey.offset, uki.pcrpkey.size))
		return -1;
	if (uki.osrel.size &&
	    bpf_helper_supplement_slice(osrel_path, uki.osrel.offset, uki.osrel.size))
		return -1;
	if (uki.profile.size &&
	    bpf_helper_supplement_slice(profile_path, uki.profile.offset, uki.profile.size))
		return -1;
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

	/* Without the selected profile no kernel is named, which ends the load. */
	if (!uki.kernel.found || (uki.selected && uki.selected >= uki.profiles))
		return 0;
	if (name_resources(flags))
		return 0;
	add_members();
	if (!add_files())
		add_addons();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
