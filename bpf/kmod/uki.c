// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Unified Kernel Images (UAPI.5): purposes of sections, and profiles. uki.bpf.c
 * does with them what systemd-stub does; this file has what the choices of a
 * parser, the image's own or a hostile one, are checked against.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "uki.h"

/* Sections that have no purpose. */
enum kb_other_id {
#define KEXEC_BPF_UKI_OTHER(id, ...) KB_OTHER_##id,
#include <kexec_bpf_uki.h>
};

/* Sections with a purpose come first, by its number; others have no target. */
static const struct kb_row {
	const char *section;
	const char *target;	/* resource or initrd file it is for */
	enum kexec_bpf_uki_rule rule;
	unsigned int times;	/* how often it must be given, unless empty */
	bool addon;		/* makes a PE file without a kernel an addon */
} kb_rows[] = {
#define KEXEC_BPF_UKI_RESOURCE(id, target, rule, times, addon, ...) \
	[KB_PURPOSE_##id] = { KEXEC_BPF_UKI_##id, target, rule, times, addon },
#define KEXEC_BPF_UKI_FILE(id, target, rule, times, addon, ...) \
	[KB_PURPOSE_##id] = { KEXEC_BPF_UKI_##id, target, rule, times, addon },
#define KEXEC_BPF_UKI_OTHER(id, is_addon, ...) \
	[KB_PURPOSES + KB_OTHER_##id] = { .section = KEXEC_BPF_UKI_##id, .addon = is_addon },
#include <kexec_bpf_uki.h>
};

const struct kb_directory kb_uki_directories[] = {
#define KEXEC_BPF_UKI_DIRECTORY(path, suffix, mode, file_mode, ...) \
	{ path, suffix, mode, file_mode },
#include <kexec_bpf_uki.h>
	{}
};

int kb_uki_purpose(const struct kb_pe *pe, const char *target, size_t offset, size_t size,
		   struct kb_section *section)
{
	bool any = false;
	int i;

	for (i = 0; i < KB_PURPOSES; i++) {
		const struct kb_row *row = &kb_rows[i];

		if (strcmp(row->target, target))
			continue;
		if (!kb_pe_match(pe, row->section, offset, size, section))
			return i;
		any |= !kb_pe_find(pe, row->section, section);
	}
	return any ? -ENOENT : -ESRCH;
}

bool kb_uki_has_addition(const struct kb_pe *pe)
{
	struct kb_section section;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kb_rows); i++)
		if (kb_rows[i].addon && !kb_pe_find(pe, kb_rows[i].section, &section))
			return true;
	return false;
}

bool kb_uki_has_kernel(const struct kb_pe *pe)
{
	struct kb_section section;

	return !kb_pe_find(pe, KEXEC_BPF_UKI_LINUX, &section);
}

bool kb_uki_is_microcode(const struct kb_pe *pe, size_t offset, size_t size)
{
	struct kb_section section;

	return !kb_pe_match(pe, KEXEC_BPF_UKI_UCODE, offset, size, &section);
}

static bool kb_uki_is_replaced(const struct kb_row *row, bool replaced)
{
	return replaced && row->rule == KEXEC_BPF_UKI_WHOLE_OR_SIGNED;
}

const char *kb_uki_left_out(const struct kb_pe *pe, const struct kb_given *given, bool replaced)
{
	struct kb_section section;
	int i;

	for (i = 0; i < KB_PURPOSES; i++) {
		const char *name = kb_rows[i].section;

		if (kb_uki_is_replaced(&kb_rows[i], replaced))
			continue;
		if (!given[i].count && !kb_pe_find(pe, name, &section) && section.size &&
		    section.profile == KB_PE_BASE)
			return name;
	}
	return NULL;
}

bool kb_uki_initrd_left_out(const struct kb_pe *pe, const struct kb_given *given)
{
	struct kb_section section;
	int i;

	for (i = 0; i < KB_PURPOSES; i++) {
		const struct kb_row *row = &kb_rows[i];

		if (row->rule == KEXEC_BPF_UKI_WHOLE_FIRST && !given[i].count &&
		    !kb_pe_find(pe, row->section, &section) && section.size)
			return true;
	}
	return false;
}

static bool kb_uki_fits(const struct kb_pe *pe, const struct kb_given *given, bool replaced,
			int profile)
{
	struct kb_section section;
	int i;

	for (i = 0; i < KB_PURPOSES; i++) {
		const struct kb_row *row = &kb_rows[i];
		int err = kb_pe_find_in(pe, row->section, profile, &section);

		if (kb_uki_is_replaced(row, replaced))
			continue;
		/* Empty sections may be given or not. */
		if (!given[i].count && (err || !section.size))
			continue;
		if (err || given[i].count != row->times ||
		    given[i].offset != section.offset)
			return false;
	}
	return true;
}

bool kb_uki_one_profile(const struct kb_pe *pe, const struct kb_given *given, bool replaced)
{
	int profiles = kb_pe_profiles(pe), profile;

	if (!profiles)
		return kb_uki_fits(pe, given, replaced, KB_PE_BASE);
	for (profile = 0; profile < profiles; profile++)
		if (kb_uki_fits(pe, given, replaced, profile))
			return true;
	return false;
}
