/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which sections of a UKI serve which purpose, and which of them go together. */
#ifndef KB_UKI_H
#define KB_UKI_H

#include "pe.h"

/* Sections that have a purpose; the first is the kernel's. */
#define KB_PURPOSES	8
#define KB_PURPOSE_KERNEL	0
#define KB_PURPOSE_INITRD	1

/* What a parser gave of one purpose's sections. */
struct kb_given {
	size_t offset;		/* of the last section given */
	unsigned int count;
};

/*
 * The purpose of exactly these bytes, as part of @target. -ENOENT: the image has
 * sections for that target, and the bytes are none of them. -ESRCH: it has none.
 */
int kb_uki_purpose(const struct kb_pe *pe, const char *target, size_t offset, size_t size,
		   struct kb_section *section);

/* Whether the image has a kernel, empty or not. */
bool kb_uki_has_kernel(const struct kb_pe *pe);

/* Whether these bytes are the image's microcode, of any profile. */
bool kb_uki_is_microcode(const struct kb_pe *pe, size_t offset, size_t size);

/*
 * The purposes from @first on: names one whose section stands before any profile
 * and was not given; else NULL.
 */
const char *kb_uki_left_out(const struct kb_pe *pe, const struct kb_given *given, size_t first);

/*
 * Whether of each purpose from @first on just the one section was given that
 * counts in one and the same profile: the profile's own, else the base's.
 */
bool kb_uki_one_profile(const struct kb_pe *pe, const struct kb_given *given, size_t first);

/* Whether the image has an initrd that was not given yet. */
bool kb_uki_initrd_left_out(const struct kb_pe *pe, const struct kb_given *given);

#endif /* KB_UKI_H */
