/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The section table of a PE image, read with checks: the bytes are hostile. */
#ifndef KB_PE_H
#define KB_PE_H

#include <linux/types.h>

struct kb_pe {
	const u8 *data;
	size_t size;
	size_t table;		/* offset of the section table */
	unsigned int sections;
};

#define KB_PE_BASE	(-1)	/* profile of the sections before any .profile */

struct kb_section {
	size_t offset;
	size_t size;		/* min(virtual size, raw size) */
	int profile;		/* number of the UKI profile, or KB_PE_BASE */
};

/* Whether it begins as a PE file does; nothing else is looked at. */
bool kb_pe_begins(const void *data, size_t size);

/*
 * Reads the headers as the kernel's signature check does, and refuses what that
 * check would read outside of the file, or what another reader would read
 * differently. Returns NULL, or the words for what is wrong.
 */
const char *kb_pe_open(struct kb_pe *pe, const void *data, size_t size);

/* Finds the first section of that name: 0 or -ENOENT. */
int kb_pe_find(const struct kb_pe *pe, const char *name, struct kb_section *section);

/* Finds the section of that name that counts when the profile is chosen. */
int kb_pe_find_in(const struct kb_pe *pe, const char *name, int profile,
		  struct kb_section *section);

/* Counts the profiles of the image; 0: it is all base. */
int kb_pe_profiles(const struct kb_pe *pe);

/* Finds the section of that name with exactly these bytes: 0 or -ENOENT. */
int kb_pe_match(const struct kb_pe *pe, const char *name, size_t offset, size_t size,
		struct kb_section *section);

/* Whether the bytes are those of one section, of any name. */
bool kb_pe_is_section(const struct kb_pe *pe, size_t offset, size_t size);

/* Whether the bytes lie within the raw data of one section. */
bool kb_pe_covers(const struct kb_pe *pe, size_t offset, size_t size);

#endif /* KB_PE_H */
