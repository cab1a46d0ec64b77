// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * User space attaches the parser, and root may attach another one. So what
 * was named is judged here, not who named it:
 *
 * - A kernel made of bytes from BPF memory has no provenance. When the image
 *   was verified, or under lockdown, it must carry a signature of its own.
 *   Slices and what the kernel decompresses itself keep the image's.
 * - A signature covers the sections of a PE file, but neither the gaps between
 *   them nor its own table, to which anybody can append. Slices of a verified
 *   file come from sections.
 * - Added PE files must be signed under the same conditions.
 * - Under lockdown initrd and command line come from whole sections that were
 *   signed for that purpose, and the image's own may not be left out. Else a
 *   hostile parser could cut "init=/bin/sh" out of a signed image.
 * - Files that authenticate themselves when used (credentials, system
 *   extensions) pass unsigned in their own folders, as in systemd-stub.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "hook.h"
#include "rules.h"

/*
 * What a parser must give of an image that has it; kb_job.given has the rest.
 * .linux comes first: kb_rules_first().
 */
static const char * const kb_given_names[KB_GIVEN] = { ".linux", ".initrd", ".cmdline" };

/* Sections that may become a resource, or a file of the initrd. */
static const struct kb_rule {
	const char *target;
	const char *section;
} kb_rules[] = {
	{ KEXEC_BPF_KERNEL, ".linux" },
	{ KEXEC_BPF_INITRD, ".initrd" },
	{ KEXEC_BPF_INITRD, ".ucode" },
	{ KEXEC_BPF_CMDLINE, ".cmdline" },
	{ ".extra/os-release", ".osrel" },
	{ ".extra/profile", ".profile" },
	{ ".extra/tpm2-pcr-signature.json", ".pcrsig" },
	{ ".extra/tpm2-pcr-public-key.pem", ".pcrpkey" },
};

/* Files that need no signature, by folder and suffix. */
static const struct kb_unsigned {
	const char *dir;
	const char *suffix;
	const char *not_suffix;
} kb_unsigned[] = {
	{ ".extra/credentials", ".cred", NULL },
	{ ".extra/global_credentials", ".cred", NULL },
	{ ".extra/sysext", ".raw", ".confext.raw" },
	{ ".extra/global_sysext", ".raw", ".confext.raw" },
	{ ".extra/confext", ".confext.raw", NULL },
	{ ".extra/global_confext", ".confext.raw", NULL },
};

int kb_rules_user(struct kb_job *job, size_t initrd_size, size_t cmdline_size)
{
	struct kb_section section;

	if (!job->locked_down)
		return 0;
	if (initrd_size)
		return kb_job_fail(job, -EPERM,
				   "lockdown: an initrd passed beside the image is refused");
	if (cmdline_size && job->is_pe &&
	    kb_pe_find(&job->pe, ".cmdline", &section) != -ENOENT)
		return kb_job_fail(job, -EPERM,
				   "lockdown: the image has a command line, adding to it is refused");
	return 0;
}

static void kb_rules_given(struct kb_job *job, const char *name, size_t offset)
{
	size_t i;

	for (i = 0; i < KB_GIVEN; i++) {
		if (strcmp(kb_given_names[i], name))
			continue;
		job->given[i].offset = offset;
		job->given[i].count++;
	}
}

/*
 * In the first round, an image that is no UKI, such as a zboot, says nothing
 * about where in it the target lies.
 */
static int kb_rules_section(struct kb_job *job, const char *target, size_t offset, size_t size,
			    bool strict)
{
	struct kb_section section;
	bool named = strict;
	size_t i;

	if (!job->locked_down)
		return 0;
	/* A kernel may still prove itself, but its sections were not signed. */
	if (job->image.buffer->tainted && strcmp(target, KEXEC_BPF_KERNEL))
		return kb_job_fail(job, -EKEYREJECTED,
				   "lockdown: %.64s: from an image made in BPF memory", target);
	/* A UKI has what it has; nothing in it, or inside of it, stands in for that. */
	if (strcmp(target, KEXEC_BPF_KERNEL))
		named |= job->report.rounds > 1 ||
			 (job->is_pe && kb_pe_find(&job->pe, ".linux", &section) != -ENOENT);
	for (i = 0; job->is_pe && i < ARRAY_SIZE(kb_rules); i++) {
		const struct kb_rule *rule = &kb_rules[i];

		if (strcmp(rule->target, target))
			continue;
		if (!kb_pe_match(&job->pe, rule->section, offset, size, &section)) {
			kb_rules_given(job, rule->section, offset);
			return 0;
		}
		named |= kb_pe_find(&job->pe, rule->section, &section) != -ENOENT;
	}
	if (!named)
		return 0;
	return kb_job_fail(job, -EPERM, "lockdown: %.64s: not a whole section made for it", target);
}

/* The image of a later round lies in a slice that was covered as a whole. */
static int kb_rules_signed(struct kb_job *job, const char *target, size_t offset, size_t size)
{
	if (!kb_job_enforces(job) || job->report.rounds > 1 ||
	    kb_pe_covers(&job->pe, offset, size))
		return 0;
	return kb_job_fail(job, -EPERM, "%.64s: not inside a section, so not signed", target);
}

int kb_rules_slice(struct kb_job *job, const char *resource, size_t offset, size_t size)
{
	return kb_rules_signed(job, resource, offset, size) ?:
	       kb_rules_section(job, resource, offset, size, false);
}

int kb_rules_member(struct kb_job *job, const char *dst_path, size_t offset, size_t size)
{
	/* Also keeps "cmdline" from being taken for the resource of that name. */
	if (job->locked_down && !strstarts(dst_path, ".extra/"))
		return kb_job_fail(job, -EPERM, "lockdown: %.64s: not a file of .extra", dst_path);
	return kb_rules_signed(job, dst_path, offset, size) ?:
	       kb_rules_section(job, dst_path, offset, size, true);
}

int kb_rules_decompress(struct kb_job *job, const char *resource)
{
	/* Decoders stop at the end of the first stream: the rest would be cut. */
	if (!job->locked_down || !strcmp(resource, KEXEC_BPF_KERNEL))
		return 0;
	return kb_job_fail(job, -EPERM, "lockdown: %.64s must not be decompressed", resource);
}

int kb_rules_carrier(struct kb_job *job, const char *resource)
{
	/* A kernel may still prove itself: kb_rules_kernel(). */
	if (!job->locked_down || !strcmp(resource, KEXEC_BPF_KERNEL))
		return 0;
	return kb_job_fail(job, -EKEYREJECTED,
			   "lockdown: %s made by the parser itself is not signed", resource);
}

static bool kb_rules_suffix(const char *name, const char *suffix)
{
	size_t name_size = strlen(name), suffix_size = strlen(suffix);

	return name_size > suffix_size && !strcasecmp(name + name_size - suffix_size, suffix);
}

int kb_rules_file(struct kb_job *job, const char *dst_dir, const char *name)
{
	size_t i;

	if (!kb_job_enforces(job))
		return 0;
	for (i = 0; i < ARRAY_SIZE(kb_unsigned); i++) {
		const struct kb_unsigned *rule = &kb_unsigned[i];

		if (!strcmp(dst_dir, rule->dir) && kb_rules_suffix(name, rule->suffix) &&
		    !(rule->not_suffix && kb_rules_suffix(name, rule->not_suffix)))
			return 0;
	}
	return kb_job_fail(job, -EKEYREJECTED,
			   "%.128s: a file for %.64s must be part of a signed addon", name, dst_dir);
}

static const char *kb_rules_refusal(int err)
{
	switch (err) {
	case -ENODATA:
		return "not signed";
	case -ENOKEY:
		return "signed by a key that is not known here";
	default:
		return "signature rejected";
	}
}

int kb_rules_addon(struct kb_job *job, const char *path, const void *data, size_t size)
{
	int err = kb_stock_verify(data, size);

	if (!err || !kb_job_enforces(job))
		return 0;
	return kb_job_fail(job, -EKEYREJECTED, "addon %.160s: %s (%d)", path,
			   kb_rules_refusal(err), err);
}

/*
 * The first section that must have been given. A kernel out of BPF memory is
 * no section's and stands in for .linux: kb_rules_kernel() judges it by its own
 * signature.
 */
static size_t kb_rules_first(const struct kb_job *job)
{
	return job->kernel.buffer->tainted ? 1 : 0;
}

/*
 * Was of each section just the one given that counts in that profile: the
 * profile's own, else the base's?
 */
static bool kb_rules_fits(const struct kb_job *job, int profile)
{
	struct kb_section section;
	size_t i;

	for (i = kb_rules_first(job); i < KB_GIVEN; i++) {
		const struct kb_given *given = &job->given[i];
		int err = kb_pe_find_in(&job->pe, kb_given_names[i], profile, &section);

		/* What is empty may be given or not. */
		if (!given->count && (err == -ENOENT || (!err && !section.size)))
			continue;
		if (err || given->count != 1 || given->offset != section.offset)
			return false;
	}
	return true;
}

static bool kb_rules_left_out(const struct kb_job *job, const char *name,
			      const struct kb_given *given)
{
	struct kb_section section;

	return !given->count && !kb_pe_find(&job->pe, name, &section) && section.size &&
	       section.profile == KB_PE_BASE;
}

int kb_rules_round(struct kb_job *job)
{
	int profile, profiles;
	size_t i;

	if (!job->locked_down || !job->is_pe)
		return 0;
	for (i = kb_rules_first(job); i < KB_GIVEN; i++)
		if (kb_rules_left_out(job, kb_given_names[i], &job->given[i]))
			return kb_job_fail(job, -EPERM, "lockdown: the image's %s was left out",
					   kb_given_names[i]);
	profiles = kb_pe_profiles(&job->pe);
	if (!profiles && kb_rules_fits(job, KB_PE_BASE))
		return 0;
	for (profile = 0; profile < profiles; profile++)
		if (kb_rules_fits(job, profile))
			return 0;
	return kb_job_fail(job, -EPERM, "lockdown: the sections are not those of one profile");
}

int kb_rules_kernel(struct kb_job *job)
{
	const struct kb_part *kernel = &job->kernel;
	struct kb_pe pe;
	int err;

	if (!kernel->buffer->tainted || !kb_job_enforces(job))
		return 0;
	/* The kernel's own PE code does not check what kb_pe_open() checks. */
	err = kb_pe_open(&pe, kb_part_data(kernel), kernel->size) ?:
	      kb_stock_verify(kb_part_data(kernel), kernel->size);
	if (!err)
		return 0;
	return kb_job_fail(job, -EKEYREJECTED,
			   "the kernel came out of BPF memory and is not signed itself (%d)", err);
}
