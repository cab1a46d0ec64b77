/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which sections of a UKI serve which purpose, which of them go together, and the
 * directories of companion files.
 */
#ifndef KB_UKI_H
#define KB_UKI_H

#include <kexec_bpf_uki.h>
#include "pe.h"

/* Sections that have a purpose. */
enum kb_purpose_id {
#define KEXEC_BPF_UKI_RESOURCE(id, ...) KB_PURPOSE_##id,
#define KEXEC_BPF_UKI_FILE(id, ...) KB_PURPOSE_##id,
#include <kexec_bpf_uki.h>
	KB_PURPOSES
};

/* A directory of the initrd for files that need no signature. */
struct kb_directory {
	const char *path;
	const char *suffix;	/* of the files that belong there; the longest decides */
	umode_t mode;
	umode_t file_mode;
};

/* Ends with one that has no path. */
extern const struct kb_directory kb_uki_directories[];

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

/* Whether the PE file has a section that makes it an addon. */
bool kb_uki_has_addition(const struct kb_pe *pe);

/* Whether the image has a kernel, empty or not. */
bool kb_uki_has_kernel(const struct kb_pe *pe);

/* Whether these bytes are the image's microcode, of any profile. */
bool kb_uki_is_microcode(const struct kb_pe *pe, size_t offset, size_t size);

/*
 * Names a section that stands before any profile and was not given; else NULL.
 * @replaced: signed bytes were given instead of what they may stand in for, and
 * that is not asked for.
 */
const char *kb_uki_left_out(const struct kb_pe *pe, const struct kb_given *given, bool replaced);

/*
 * Whether of each purpose just the one section was given that counts in one and the
 * same profile: the profile's own, else the base's. @replaced: as above.
 */
bool kb_uki_one_profile(const struct kb_pe *pe, const struct kb_given *given, bool replaced);

/* Whether the image has an initrd that was not given yet. */
bool kb_uki_initrd_left_out(const struct kb_pe *pe, const struct kb_given *given);

#endif /* KB_UKI_H */
