// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PE/COFF: DOS header, PE signature, COFF header, optional header, section table.
 *
 * Specification: Microsoft's "PE Format", as read by
 * crypto/asymmetric_keys/verify_pefile.c. That code finds the section table by
 * the number of data directories, other readers by the size of the optional
 * header. It also reads the fifth directory without checking that it exists,
 * hashes sections without checking that they are in the file, and calculates
 * with unchecked lengths from the certificate table. So all of this is checked
 * here, before that code sees the file.
 */
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/pe.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include <kexec_bpf_uki.h>
#include "pe.h"

#define KB_NAME_BYTES	8
#define KB_MZ_MAGIC	0x5a4d		/* "MZ"; <linux/pe.h> renamed its own in 7.x */
#define KB_PE_MAGIC	0x00004550	/* "PE\0\0" */
#define KB_PE32		0x010b
#define KB_PE32_PLUS	0x020b

/* The certificate table's directory is the fifth; the format has 16 at most. */
#define KB_DIRECTORIES_MIN	5
#define KB_DIRECTORIES_MAX	16

/* A range of bytes in the file. */
struct kb_range {
	u64 start;
	u64 end;
};

/* Fields of the headers that the later steps of kb_pe_open() need. */
struct kb_headers {
	u64 size;		/* SizeOfHeaders: bounds the section table */
	u64 directories;	/* offset of the data directories */
};

static u32 kb_pe_u32(const struct kb_pe *pe, u64 offset)
{
	return get_unaligned_le32(pe->data + offset);
}

static u16 kb_pe_u16(const struct kb_pe *pe, u64 offset)
{
	return get_unaligned_le16(pe->data + offset);
}

static const u8 *kb_pe_header(const struct kb_pe *pe, unsigned int i)
{
	return pe->data + pe->table + i * sizeof(struct section_header);
}

static struct kb_range kb_pe_raw(const struct kb_pe *pe, unsigned int i)
{
	const u8 *header = kb_pe_header(pe, i);
	u64 start = get_unaligned_le32(header + offsetof(struct section_header, data_addr));

	return (struct kb_range) {
		.start = start,
		.end = start + get_unaligned_le32(header +
						  offsetof(struct section_header, raw_data_size)),
	};
}

static bool kb_range_empty(const struct kb_range *range)
{
	return range->start == range->end;
}

static bool kb_range_overlaps(const struct kb_range *a, const struct kb_range *b)
{
	return !kb_range_empty(a) && !kb_range_empty(b) && a->start < b->end && b->start < a->end;
}

/* Returns whether the range is after the headers and inside the file. */
static bool kb_range_fits(const struct kb_range *range, const struct kb_pe *pe,
			  const struct kb_headers *headers)
{
	return range->start >= headers->size && range->end <= pe->size;
}

bool kb_pe_begins(const void *data, size_t size)
{
	return size > sizeof(struct mz_hdr) && get_unaligned_le16(data) == KB_MZ_MAGIC;
}

static const char *kb_pe_headers(struct kb_pe *pe, struct kb_headers *headers)
{
	u64 at = kb_pe_u32(pe, offsetof(struct mz_hdr, peaddr)), fixed, count, optional;

	/* Sums of 32-bit numbers do not wrap in 64 bits. */
	if (at < sizeof(struct mz_hdr) || at + sizeof(struct pe_hdr) + sizeof(u16) > pe->size)
		return "the PE header lies outside of the file or in the DOS header";
	if (kb_pe_u32(pe, at) != KB_PE_MAGIC)
		return "there is no PE signature";
	pe->sections = kb_pe_u16(pe, at + offsetof(struct pe_hdr, sections));
	optional = kb_pe_u16(pe, at + offsetof(struct pe_hdr, opt_hdr_size));
	at += sizeof(struct pe_hdr);
	switch (kb_pe_u16(pe, at)) {
	case KB_PE32:
		fixed = sizeof(struct pe32_opt_hdr);
		break;
	case KB_PE32_PLUS:
		fixed = sizeof(struct pe32plus_opt_hdr);
		break;
	default:
		return "the optional header is neither PE32 nor PE32+";
	}
	if (at + fixed > pe->size)
		return "the optional header lies outside of the file";
	/*
	 * Both formats have SizeOfHeaders at the same offset, and the number of
	 * data directories at the end.
	 */
	headers->size = kb_pe_u32(pe, at + offsetof(struct pe32_opt_hdr, header_size));
	count = kb_pe_u32(pe, at + fixed - sizeof(u32));
	if (count < KB_DIRECTORIES_MIN || count > KB_DIRECTORIES_MAX)
		return "the optional header has fewer than 5 or more than 16 data directories";
	if (optional != fixed + count * sizeof(struct data_dirent))
		return "the optional header's size does not fit its data directories";
	headers->directories = at + fixed;
	pe->table = at + optional;
	return NULL;
}

static const char *kb_pe_sections(const struct kb_pe *pe, const struct kb_headers *headers)
{
	unsigned int i, j;

	if (!pe->sections || pe->sections > KEXEC_BPF_SECTIONS_MAX)
		return "there are no sections, or too many";
	if (headers->size >= pe->size)
		return "the headers are as large as the file";
	if (pe->table + pe->sections * sizeof(struct section_header) > headers->size)
		return "the section table does not end inside the headers";
	for (i = 0; i < pe->sections; i++) {
		struct kb_range range = kb_pe_raw(pe, i);

		if (kb_range_empty(&range))
			continue;
		if (!kb_range_fits(&range, pe, headers))
			return "a section's bytes lie outside of the file or in the headers";
		for (j = 0; j < i; j++) {
			struct kb_range other = kb_pe_raw(pe, j);

			if (kb_range_overlaps(&range, &other))
				return "two sections overlap";
		}
	}
	return NULL;
}

/* The length in WIN_CERTIFICATE includes this header. */
static const char *kb_pe_certificates(const struct kb_pe *pe, const struct kb_headers *headers)
{
	u64 entry = headers->directories + offsetof(struct data_directory, certs);
	u32 offset = kb_pe_u32(pe, entry + offsetof(struct data_dirent, virtual_address));
	u32 size = kb_pe_u32(pe, entry + offsetof(struct data_dirent, size)), length;
	struct kb_range table = { offset, (u64)offset + size };
	unsigned int i;

	/* As in the kernel, the file is then not signed. */
	if (!offset || !size)
		return NULL;
	if (!kb_range_fits(&table, pe, headers))
		return "the certificate table lies outside of the file or in the headers";
	for (i = 0; i < pe->sections; i++) {
		struct kb_range range = kb_pe_raw(pe, i);

		if (kb_range_overlaps(&table, &range))
			return "the certificate table overlaps a section";
	}
	if (size < sizeof(struct win_certificate))
		return "the certificate table is too short for an entry";
	length = kb_pe_u32(pe, offset + offsetof(struct win_certificate, length));
	if (length < sizeof(struct win_certificate) || length > size)
		return "the first certificate's length does not fit its table";
	return NULL;
}

const char *kb_pe_open(struct kb_pe *pe, const void *data, size_t size)
{
	struct kb_headers headers;

	*pe = (struct kb_pe) { .data = data, .size = size };
	if (!kb_pe_begins(data, size))
		return "it does not begin as a PE file does";
	if (size > U32_MAX)
		return "it is larger than a PE file can be";
	return kb_pe_headers(pe, &headers) ?:
	       kb_pe_sections(pe, &headers) ?:
	       kb_pe_certificates(pe, &headers);
}

static bool kb_pe_named(const u8 *header, const char *name)
{
	char padded[KB_NAME_BYTES] = {};

	memcpy(padded, name, min(strlen(name), sizeof(padded)));
	return !memcmp(header, padded, sizeof(padded));
}

/* The raw bytes are in the file: kb_pe_open() has checked that. */
static void kb_pe_section(const struct kb_pe *pe, unsigned int i, int profile,
			  struct kb_section *section)
{
	struct kb_range range = kb_pe_raw(pe, i);
	u32 virtual = get_unaligned_le32(kb_pe_header(pe, i) +
					 offsetof(struct section_header, virtual_size));

	section->size = min_t(u64, virtual, range.end - range.start);
	section->offset = section->size ? range.start : 0;
	section->profile = profile;
}

int kb_pe_find(const struct kb_pe *pe, const char *name, struct kb_section *section)
{
	int profile = KB_PE_BASE;
	unsigned int i;

	for (i = 0; i < pe->sections; i++) {
		const u8 *header = kb_pe_header(pe, i);

		if (kb_pe_named(header, KEXEC_BPF_UKI_PROFILE))
			profile++;
		if (!kb_pe_named(header, name))
			continue;
		kb_pe_section(pe, i, profile, section);
		return 0;
	}
	return -ENOENT;
}

int kb_pe_find_in(const struct kb_pe *pe, const char *name, int profile,
		  struct kb_section *section)
{
	int at = KB_PE_BASE, found = KB_PE_BASE - 1;
	unsigned int i;

	for (i = 0; i < pe->sections; i++) {
		const u8 *header = kb_pe_header(pe, i);

		if (kb_pe_named(header, KEXEC_BPF_UKI_PROFILE))
			at++;
		/* The first of the profile, else the first of the base. */
		if ((at != profile && at != KB_PE_BASE) || found >= at ||
		    !kb_pe_named(header, name))
			continue;
		found = at;
		kb_pe_section(pe, i, at, section);
	}
	return found < KB_PE_BASE ? -ENOENT : 0;
}

int kb_pe_profiles(const struct kb_pe *pe)
{
	unsigned int i;
	int profiles = 0;

	for (i = 0; i < pe->sections; i++)
		profiles += kb_pe_named(kb_pe_header(pe, i), KEXEC_BPF_UKI_PROFILE);
	return profiles;
}

int kb_pe_match(const struct kb_pe *pe, const char *name, size_t offset, size_t size,
		struct kb_section *section)
{
	int profile = KB_PE_BASE;
	unsigned int i;

	for (i = 0; i < pe->sections; i++) {
		const u8 *header = kb_pe_header(pe, i);

		if (kb_pe_named(header, KEXEC_BPF_UKI_PROFILE))
			profile++;
		if (!kb_pe_named(header, name))
			continue;
		kb_pe_section(pe, i, profile, section);
		if (section->size == size && (!size || section->offset == offset))
			return 0;
	}
	return -ENOENT;
}

bool kb_pe_is_section(const struct kb_pe *pe, size_t offset, size_t size)
{
	struct kb_section section;
	unsigned int i;

	for (i = 0; i < pe->sections; i++) {
		kb_pe_section(pe, i, KB_PE_BASE, &section);
		if (section.size == size && (!size || section.offset == offset))
			return true;
	}
	return false;
}

bool kb_pe_covers(const struct kb_pe *pe, size_t offset, size_t size)
{
	unsigned int i;

	for (i = 0; i < pe->sections; i++) {
		struct kb_range range = kb_pe_raw(pe, i);

		if (offset >= range.start && offset <= range.end && size <= range.end - offset)
			return true;
	}
	return false;
}
