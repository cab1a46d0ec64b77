// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * User space attaches the parser, and root may attach a different one. So the
 * rules do not judge who named something, but what was named, by the proof that
 * its buffer carries (proof.h):
 *
 * - A kernel made of bytes from BPF memory has no proof. If the image was
 *   verified, or under lockdown, it must carry a signature of its own. Slices,
 *   and what the kernel itself decompresses, keep the image's proof.
 * - A signature covers the sections of a PE file, but neither the gaps between
 *   them nor the certificate table, to which anybody can append. Slices of a
 *   verified file come from sections.
 * - PE addons must be signed under the same conditions.
 * - Under lockdown, initrd and command line come from whole sections that were
 *   signed for that purpose, each once, of one profile, and none of them may be
 *   left out. Otherwise a hostile parser could cut "init=/bin/sh" out of a
 *   signed image. The image's own initrd goes before all that is added. In an
 *   image that is not a UKI, sections have no defined purpose, so any whole one
 *   is accepted.
 * - Files that are authenticated when they are used (credentials, system
 *   extensions) pass unsigned in their own directories, as in systemd-stub.
 * - With enforce, all this holds whether or not there is lockdown. The image
 *   must be a UKI whose signature the kernel verified. Neither an initrd nor a
 *   command line may be passed with it, and its kernel cannot be replaced by
 *   one with a signature of its own.
 * - Without lockdown, the LSMs are asked about what they have not seen as a
 *   file: bytes from BPF memory, pieces of the image that are not its sections,
 *   and files under a name that user space chose. Under lockdown they are not
 *   asked: IMA would always refuse, and the signature has decided.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/stdarg.h>
#include <linux/string.h>

#include "enforce.h"
#include "lsm.h"
#include "rules.h"
#include "stock.h"

/* Returns whether a load may be made of nothing but whole, signed sections. */
static bool kb_rules_strict(const struct kb_job *job)
{
	return job->locked_down || job->enforced;
}

/* Records a refusal together with its cause: enforce or lockdown. */
__printf(3, 4)
static int kb_rules_refuse(struct kb_job *job, int error, const char *format, ...)
{
	struct va_format words = { .fmt = format };
	va_list args;

	va_start(args, format);
	words.va = &args;
	kb_job_fail(job, error, "%s: %pV", job->enforced ? KB_ENFORCE : "lockdown", &words);
	va_end(args);
	return error;
}

static bool kb_rules_made_by_program(const struct kb_part *part)
{
	return part->buffer->proof == KB_PROOF_NONE;
}

/* Only the PE signature counts: an LSM's approval of the file is not enough. */
static int kb_rules_enforced(struct kb_job *job)
{
	if (!(job->image.buffer->proof & KB_PROOF_SIGNED))
		return kb_rules_refuse(job, -EKEYREJECTED,
				       "the image's signature was not verified (%d)",
				       job->report->signature);
	if (!kb_uki_has_kernel(&job->pe))
		return kb_rules_refuse(job, -EPERM, "an image without .linux is not a UKI");
	return 0;
}

int kb_rules_open(struct kb_job *job, size_t initrd_size, size_t cmdline_size)
{
	struct kb_section section;
	int err = 0;

	if (!kb_rules_strict(job))
		return 0;
	if (job->enforced && !job->report->rounds)
		err = kb_rules_enforced(job);
	if (err)
		return err;
	if (initrd_size)
		return kb_rules_refuse(job, -EPERM,
				       "an initrd passed beside the image is refused");
	if (cmdline_size && job->enforced)
		return kb_rules_refuse(job, -EPERM,
				       "a command line passed beside the image is refused");
	/* As in systemd-stub, a signed image without .cmdline takes any. */
	if (cmdline_size && job->is_pe && !kb_pe_find(&job->pe, KEXEC_BPF_UKI_CMDLINE, &section))
		return kb_rules_refuse(job, -EPERM,
				       "the image has a command line: adding to it is refused");
	return 0;
}

/*
 * Returns whether the bytes are what the image has for @target, and counts them
 * as given. An image that is not a UKI does not say what its sections are for:
 * its kernel may be anywhere (a zboot's is inside a section), and for other
 * targets any whole section will do in the first round. If a UKI lacks a
 * section for a target, nothing in the UKI or in an image inside it can stand
 * in for that section.
 */
static bool kb_rules_in_place(struct kb_job *job, const char *target, size_t offset, size_t size,
			      bool strict)
{
	struct kb_section section;
	int purpose = -ESRCH;

	if (job->is_pe)
		purpose = kb_uki_purpose(&job->pe, target, offset, size, &section);
	if (purpose >= 0) {
		job->given[purpose].offset = section.offset;
		job->given[purpose].count++;
		return true;
	}
	if (purpose == -ENOENT || strict)
		return false;
	if (!strcmp(target, KEXEC_BPF_KERNEL))
		return true;
	return job->report->rounds == 1 && job->is_pe && !kb_uki_has_kernel(&job->pe) &&
	       kb_pe_is_section(&job->pe, offset, size);
}

static int kb_rules_section(struct kb_job *job, const char *target, size_t offset, size_t size,
			    bool strict)
{
	bool in_place = kb_rules_in_place(job, target, offset, size, strict);

	if (!kb_rules_strict(job)) {
		/* Command lines are measured in their final form: lsm.c. */
		if (!strcmp(target, KEXEC_BPF_KERNEL))
			job->odd_kernel |= !in_place;
		else if (strcmp(target, KEXEC_BPF_CMDLINE))
			job->odd_initrd |= !in_place;
		return 0;
	}
	/*
	 * The sections of such an image are not signed. A kernel may be signed
	 * itself.
	 */
	if (kb_rules_made_by_program(&job->image) && strcmp(target, KEXEC_BPF_KERNEL))
		return kb_rules_refuse(job, -EKEYREJECTED,
				       "%.64s: from an image made in BPF memory", target);
	if (in_place)
		return 0;
	return kb_rules_refuse(job, -EPERM,
			       "%.64s: not a whole section that the image has for it", target);
}

/*
 * Checks that the image's signature covers the slice. The image of a later
 * round is in a slice that is covered as a whole.
 */
static int kb_rules_signed(struct kb_job *job, const char *target, size_t offset, size_t size)
{
	if (!job->signed_only || job->report->rounds > 1 || kb_pe_covers(&job->pe, offset, size))
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
	/* Also keeps a path "cmdline" from being taken for the resource. */
	if (kb_rules_strict(job) && !strstarts(dst_path, KEXEC_BPF_UKI_EXTRA "/"))
		return kb_rules_refuse(job, -EPERM, "%.64s: not a file in .extra", dst_path);
	return kb_rules_signed(job, dst_path, offset, size) ?:
	       kb_rules_section(job, dst_path, offset, size, true);
}

int kb_rules_decompress(struct kb_job *job, const char *resource)
{
	/* Decoders stop at the end of the first stream and drop the rest. */
	if (!kb_rules_strict(job) || !strcmp(resource, KEXEC_BPF_KERNEL))
		return 0;
	return kb_rules_refuse(job, -EPERM, "%.64s must not be decompressed", resource);
}

int kb_rules_carrier(struct kb_job *job, const char *resource)
{
	/* Under lockdown a kernel may be signed itself: kb_rules_kernel(). */
	if (!kb_rules_strict(job) || (!job->enforced && !strcmp(resource, KEXEC_BPF_KERNEL)))
		return 0;
	return kb_rules_refuse(job, -EKEYREJECTED,
			       "%.64s made by the parser itself is not signed", resource);
}

static bool kb_rules_suffix(const char *name, const char *suffix)
{
	size_t name_size = strlen(name), suffix_size = strlen(suffix);

	return name_size > suffix_size && !strcasecmp(name + name_size - suffix_size, suffix);
}

/*
 * Returns whether the file needs no signature, because it goes to the directory
 * in which files with its suffix belong.
 */
static bool kb_rules_belongs(const char *dst_dir, const char *name)
{
	const struct kb_directory *dir, *own = NULL;
	size_t longest = 0;

	for (dir = kb_uki_directories; dir->path; dir++) {
		if (!kb_rules_suffix(name, dir->suffix))
			continue;
		longest = max(longest, strlen(dir->suffix));
		if (!strcmp(dst_dir, dir->path))
			own = dir;
	}
	return own && strlen(own->suffix) == longest;
}

/*
 * As in systemd-stub, the image's own initrd is unpacked first, so that what is
 * added cannot use up the space for it.
 */
static int kb_rules_order(struct kb_job *job, const char *name)
{
	if (!kb_rules_strict(job) || !job->is_pe || !kb_uki_initrd_left_out(&job->pe, job->given))
		return 0;
	return kb_rules_refuse(job, -EPERM, "%.128s: added before the image's own initrd", name);
}

int kb_rules_file(struct kb_job *job, const char *dst_dir, const char *name)
{
	if (!job->signed_only)
		return 0;
	if (kb_rules_belongs(dst_dir, name))
		return kb_rules_order(job, name);
	return kb_job_fail(job, -EKEYREJECTED,
			   "%.128s: a file for %.64s must be part of a signed addon",
			   name, dst_dir);
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

int kb_rules_addon(struct kb_job *job, const char *path, struct kb_buffer *file)
{
	int err;

	if (!job->signed_only)
		return 0;
	err = kb_stock_verify(file->data, file->size);
	if (err)
		return kb_job_fail(job, -EKEYREJECTED, "addon %.160s: %s (%d)", path,
				   kb_rules_refusal(err), err);
	file->proof |= KB_PROOF_SIGNED;
	return kb_rules_order(job, path);
}

int kb_rules_round(struct kb_job *job)
{
	/*
	 * A kernel from BPF memory replaces .linux without being a section:
	 * kb_rules_kernel() judges it by its own signature.
	 */
	bool replaced = kb_rules_made_by_program(&job->kernel);
	const char *left_out;

	if (!kb_rules_strict(job) || !job->is_pe)
		return 0;
	left_out = kb_uki_left_out(&job->pe, job->given, replaced);
	if (left_out)
		return kb_rules_refuse(job, -EPERM, "the image's %s was left out", left_out);
	if (!kb_uki_one_profile(&job->pe, job->given, replaced))
		return kb_rules_refuse(job, -EPERM,
				       "the sections are not those of one profile");
	return 0;
}

static int kb_rules_kernel(struct kb_job *job)
{
	const struct kb_part *kernel = &job->kernel;
	const char *wrong;
	struct kb_pe pe;
	int err;

	if (!kb_rules_made_by_program(kernel) || !job->signed_only)
		return 0;
	wrong = kb_pe_open(&pe, kb_part_data(kernel), kernel->size);
	err = wrong ? -ENOEXEC : kb_stock_verify(kb_part_data(kernel), kernel->size);
	if (!err)
		return 0;
	return kb_job_fail(job, -EKEYREJECTED,
			   "the kernel came out of BPF memory and is not signed itself (%d)", err);
}

static bool kb_rules_unseen(const struct kb_part *part)
{
	return !(part->buffer->proof & (KB_PROOF_FILE | KB_PROOF_MODULE));
}

static int kb_rules_lsm(struct kb_job *job)
{
	bool initrd = job->odd_initrd, kernel = job->odd_kernel || kb_rules_unseen(&job->kernel);
	const struct kb_part *part;

	if (job->locked_down)
		return 0;
	list_for_each_entry(part, &job->initrd, node)
		initrd |= kb_rules_unseen(part);
	if (!kernel && !initrd)
		return 0;
	if (!kb_lsm_admit_unseen(initrd))
		return 0;
	return kb_job_fail(job, -EACCES,
			   "the security module (IMA) refuses a%s that it has not seen as a file",
			   kernel ? " kernel" : "n initrd");
}

int kb_rules_end(struct kb_job *job)
{
	return kb_rules_kernel(job) ?: kb_rules_lsm(job);
}
