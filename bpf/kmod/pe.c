// SPDX-License-Identifier: GPL-2.0-or-later
/* PE/COFF: DOS header, PE signature, COFF header, section table. */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/pe.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include <kexec_bpf.h>
#include "pe.h"

#define KB_NAME_BYTES	8
#define KB_MZ_MAGIC	0x5a4d		/* "MZ"; <linux/pe.h> renamed its own in 7.x */
#define KB_PE_MAGIC	0x00004550	/* "PE\0\0" */

static const u8 *kb_pe_header(const struct kb_pe *pe, unsigned int i)
{
	return pe->data + pe->table + i * sizeof(struct section_header);
}

/*
 * The kernel's signature check (crypto/asymmetric_keys/verify_pefile.c) hashes
 * the sections' raw bytes without asking whether they are in the file.
 */
static int kb_pe_check(const struct kb_pe *pe)
{
	unsigned int i;

	for (i = 0; i < pe->sections; i++) {
		const u8 *header = kb_pe_header(pe, i);
		u32 raw = get_unaligned_le32(header +
					     offsetof(struct section_header, raw_data_size));
		u32 offset = get_unaligned_le32(header +
						offsetof(struct section_header, data_addr));

		if (raw && (offset > pe->size || raw > pe->size - offset))
			return -ENOEXEC;
	}
	return 0;
}

int kb_pe_open(struct kb_pe *pe, const void *data, size_t size)
{
	const u8 *bytes = data;
	size_t coff, table;
	unsigned int sections;
	u32 signature;

	if (size < sizeof(struct mz_hdr) || get_unaligned_le16(bytes) != KB_MZ_MAGIC)
		return -ENOEXEC;
	signature = get_unaligned_le32(bytes + offsetof(struct mz_hdr, peaddr));
	/* 32-bit sums in 64 bits do not wrap. */
	if (signature + sizeof(struct pe_hdr) > size ||
	    get_unaligned_le32(bytes + signature) != KB_PE_MAGIC)
		return -ENOEXEC;
	coff = signature;
	sections = get_unaligned_le16(bytes + coff + offsetof(struct pe_hdr, sections));
	table = coff + sizeof(struct pe_hdr) +
		get_unaligned_le16(bytes + coff + offsetof(struct pe_hdr, opt_hdr_size));
	if (!sections || sections > KEXEC_BPF_SECTIONS_MAX ||
	    table + sections * sizeof(struct section_header) > size)
		return -ENOEXEC;
	*pe = (struct kb_pe) {
		.data = bytes, .size = size, .table = table, .sections = sections,
	};
	return kb_pe_check(pe);
}

static bool kb_pe_named(const u8 *header, const char *name)
{
	char padded[KB_NAME_BYTES] = {};

	memcpy(padded, name, min(strlen(name), sizeof(padded)));
	return !memcmp(header, padded, sizeof(padded));
}

static int kb_pe_section(const struct kb_pe *pe, unsigned int i, struct kb_section *section)
{
	const u8 *header = kb_pe_header(pe, i);
	u32 virtual = get_unaligned_le32(header + offsetof(struct section_header, virtual_size));
	u32 raw = get_unaligned_le32(header + offsetof(struct section_header, raw_data_size));
	u32 offset = get_unaligned_le32(header + offsetof(struct section_header, data_addr));
	u32 size = min(virtual, raw);

	if (offset > pe->size || size > pe->size - offset)
		return -ENOEXEC;
	section->offset = offset;
	section->size = size;
	return 0;
}

int kb_pe_find(const struct kb_pe *pe, const char *name, struct kb_section *section)
{
	int profile = KB_PE_BASE;
	unsigned int i;

	for (i = 0; i < pe->sections; i++) {
		const u8 *header = kb_pe_header(pe, i);

		if (kb_pe_named(header, ".profile"))
			profile++;
		if (!kb_pe_named(header, name))
			continue;
		section->profile = profile;
		return kb_pe_section(pe, i, section);
	}
	return -ENOENT;
}

int kb_pe_find_in(const struct kb_pe *pe, const char *name, int profile,
		  struct kb_section *section)
{
	int at = KB_PE_BASE, err = -ENOENT;
	unsigned int i;
	int found = KB_PE_BASE - 1;

	for (i = 0; i < pe->sections; i++) {
		const u8 *header = kb_pe_header(pe, i);

		if (kb_pe_named(header, ".profile"))
			at++;
		/* The first of the profile, else the first of the base. */
		if ((at != profile && at != KB_PE_BASE) || found >= at || !kb_pe_named(header, name))
			continue;
		found = at;
		err = kb_pe_section(pe, i, section);
		section->profile = at;
	}
	return err;
}

int kb_pe_profiles(const struct kb_pe *pe)
{
	unsigned int i;
	int profiles = 0;

	for (i = 0; i < pe->sections; i++)
		profiles += kb_pe_named(kb_pe_header(pe, i), ".profile");
	return profiles;
}

int kb_pe_match(const struct kb_pe *pe, const char *name, size_t offset, size_t size,
		struct kb_section *section)
{
	int profile = KB_PE_BASE;
	unsigned int i;

	for (i = 0; i < pe->sections; i++) {
		const u8 *header = kb_pe_header(pe, i);

		if (kb_pe_named(header, ".profile"))
			profile++;
		if (!kb_pe_named(header, name) || kb_pe_section(pe, i, section))
			continue;
		if (section->offset != offset || section->size != size)
			continue;
		section->profile = profile;
		return 0;
	}
	return -ENOENT;
}

bool kb_pe_covers(const struct kb_pe *pe, size_t offset, size_t size)
{
	unsigned int i;

	for (i = 0; i < pe->sections; i++) {
		const u8 *header = kb_pe_header(pe, i);
		u32 start = get_unaligned_le32(header + offsetof(struct section_header, data_addr));
		u32 raw = get_unaligned_le32(header +
					     offsetof(struct section_header, raw_data_size));

		if (offset >= start && offset - start <= raw && size <= raw - (offset - start))
			return true;
	}
	return false;
}
