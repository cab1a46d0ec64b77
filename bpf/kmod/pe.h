/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the section table of a PE image with checks, as it may be hostile. */
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

/* Returns whether the data begins as a PE file does; checks nothing else. */
bool kb_pe_begins(const void *data, size_t size);

/*
 * Reads the headers as the kernel's signature check does. Refuses what that
 * check would read outside the file, and what another reader would read
 * differently. Returns NULL, or a text that says what is wrong.
 */
const char *kb_pe_open(struct kb_pe *pe, const void *data, size_t size);

/* Finds the first section of that name: 0 or -ENOENT. */
int kb_pe_find(const struct kb_pe *pe, const char *name, struct kb_section *section);

/* Finds the section of that name that is used with @profile: 0 or -ENOENT. */
int kb_pe_find_in(const struct kb_pe *pe, const char *name, int profile,
		  struct kb_section *section);

/* Returns the number of profiles in the image; 0: all sections are the base. */
int kb_pe_profiles(const struct kb_pe *pe);

/* Finds the section of that name with exactly these bytes: 0 or -ENOENT. */
int kb_pe_match(const struct kb_pe *pe, const char *name, size_t offset, size_t size,
		struct kb_section *section);

/* Returns whether the bytes are exactly one section, of any name. */
bool kb_pe_is_section(const struct kb_pe *pe, size_t offset, size_t size);

/* Returns whether the bytes are within the raw data of one section. */
bool kb_pe_covers(const struct kb_pe *pe, size_t offset, size_t size);

#endif /* KB_PE_H */
