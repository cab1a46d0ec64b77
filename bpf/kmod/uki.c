// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Unified Kernel Images (UAPI.5): purposes of sections, and profiles. What
 * systemd-stub makes of them is in uki.bpf.c; this is what a parser, the
 * image's own or a hostile one, is held against.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include <kexec_bpf.h>
#include "uki.h"

#define KB_MICROCODE	".ucode"

/* Resources and files of the initrd, and the sections that are made for them. */
static const struct kb_purpose {
	const char *target;
	const char *section;
} kb_purposes[KB_PURPOSES] = {
	[KB_PURPOSE_KERNEL] = { KEXEC_BPF_KERNEL, ".linux" },
	[KB_PURPOSE_INITRD] = { KEXEC_BPF_INITRD, ".initrd" },
	{ KEXEC_BPF_INITRD, KB_MICROCODE },
	{ KEXEC_BPF_CMDLINE, ".cmdline" },
	{ ".extra/os-release", ".osrel" },
	{ ".extra/profile", ".profile" },
	{ ".extra/tpm2-pcr-signature.json", ".pcrsig" },
	{ ".extra/tpm2-pcr-public-key.pem", ".pcrpkey" },
};

int kb_uki_purpose(const struct kb_pe *pe, const char *target, size_t offset, size_t size,
		   struct kb_section *section)
{
	bool any = false;
	int i;

	for (i = 0; i < KB_PURPOSES; i++) {
		const struct kb_purpose *purpose = &kb_purposes[i];

		if (strcmp(purpose->target, target))
			continue;
		if (!kb_pe_match(pe, purpose->section, offset, size, section))
			return i;
		any |= !kb_pe_find(pe, purpose->section, section);
	}
	return any ? -ENOENT : -ESRCH;
}

bool kb_uki_has_kernel(const struct kb_pe *pe)
{
	struct kb_section section;

	return !kb_pe_find(pe, kb_purposes[KB_PURPOSE_KERNEL].section, &section);
}

bool kb_uki_is_microcode(const struct kb_pe *pe, size_t offset, size_t size)
{
	struct kb_section section;

	return !kb_pe_match(pe, KB_MICROCODE, offset, size, &section);
}

const char *kb_uki_left_out(const struct kb_pe *pe, const struct kb_given *given, size_t first)
{
	struct kb_section section;
	size_t i;

	for (i = first; i < KB_PURPOSES; i++) {
		const char *name = kb_purposes[i].section;

		if (!given[i].count && !kb_pe_find(pe, name, &section) && section.size &&
		    section.profile == KB_PE_BASE)
			return name;
	}
	return NULL;
}

bool kb_uki_initrd_left_out(const struct kb_pe *pe, const struct kb_given *given)
{
	struct kb_section section;

	return !given[KB_PURPOSE_INITRD].count &&
	       !kb_pe_find(pe, kb_purposes[KB_PURPOSE_INITRD].section, &section) && section.size;
}

static bool kb_uki_fits(const struct kb_pe *pe, const struct kb_given *given, size_t first,
			int profile)
{
	struct kb_section section;
	size_t i;

	for (i = first; i < KB_PURPOSES; i++) {
		int err = kb_pe_find_in(pe, kb_purposes[i].section, profile, &section);

		/* What is empty may be given or not. */
		if (!given[i].count && (err || !section.size))
			continue;
		if (err || given[i].count != 1 || given[i].offset != section.offset)
			return false;
	}
	return true;
}

bool kb_uki_one_profile(const struct kb_pe *pe, const struct kb_given *given, size_t first)
{
	int profiles = kb_pe_profiles(pe), profile;

	if (!profiles)
		return kb_uki_fits(pe, given, first, KB_PE_BASE);
	for (profile = 0; profile < profiles; profile++)
		if (kb_uki_fits(pe, given, first, profile))
			return true;
	return false;
}
