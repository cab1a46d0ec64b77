/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The purposes of the sections of a UKI, which of these go together, and the
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

/* A directory in the initrd for files that need no signature. */
struct kb_directory {
	const char *path;
	const char *suffix;	/* of files that belong there; longest wins */
	umode_t mode;
	umode_t file_mode;
};

/* The last entry has no path. */
extern const struct kb_directory kb_uki_directories[];

/* The sections that a parser has given for one purpose. */
struct kb_given {
	size_t offset;		/* of the last section given */
	unsigned int count;
};

/*
 * Returns the purpose of exactly these bytes as part of @target, or -ENOENT if
 * the image has sections for that target, but the bytes are none of them, or
 * -ESRCH if it has no such sections.
 */
int kb_uki_purpose(const struct kb_pe *pe, const char *target, size_t offset, size_t size,
		   struct kb_section *section);

/* Returns whether the PE file has a section that makes it an addon. */
bool kb_uki_has_addition(const struct kb_pe *pe);

/* Returns whether the image has a kernel, empty or not. */
bool kb_uki_has_kernel(const struct kb_pe *pe);

/* Returns whether these bytes are the image's microcode, of any profile. */
bool kb_uki_is_microcode(const struct kb_pe *pe, size_t offset, size_t size);

/*
 * Returns the name of a section before any profile that has bytes and was not
 * given, or NULL. @replaced: bytes with their own signature were given in place
 * of a section that allows this, which is then not required.
 */
const char *kb_uki_left_out(const struct kb_pe *pe, const struct kb_given *given, bool replaced);

/*
 * Returns whether the sections given are those of one profile: for each purpose
 * exactly the profile's own section, or else the base's. @replaced: as above.
 */
bool kb_uki_one_profile(const struct kb_pe *pe, const struct kb_given *given, bool replaced);

/* Returns whether the image has an initrd that has not been given yet. */
bool kb_uki_initrd_left_out(const struct kb_pe *pe, const struct kb_given *given);

#endif /* KB_UKI_H */
