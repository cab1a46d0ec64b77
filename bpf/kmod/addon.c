// SPDX-License-Identifier: GPL-2.0-or-later
/* Adds PE addons, by the rules of systemd-stub, and plain files. */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kernel_read_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "addon.h"
#include "cmdline.h"
#include "cpio.h"
#include "initrd.h"
#include "rules.h"

/*
 * kernel_read_file() refuses empty files, which systemd-stub passes on. Files
 * in /proc and /sys may report size 0 without being empty: those are refused.
 */
static ssize_t kb_addon_empty(struct file *file, void **data)
{
	loff_t pos = 0;
	u8 byte;

	if (kernel_read(file, &byte, sizeof(byte), &pos))
		return -EINVAL;
	*data = vmalloc(1);
	return *data ? 0 : -ENOMEM;
}

static ssize_t kb_addon_load(struct file *file, void **data)
{
	struct inode *inode = file_inode(file);

	if (S_ISREG(inode->i_mode) && !i_size_read(inode))
		return kb_addon_empty(file, data);
	return kernel_read_file(file, 0, data, KEXEC_BPF_ADDON_MAX_BYTES, NULL,
				READING_KEXEC_INITRAMFS);
}

static struct kb_buffer *kb_addon_read(struct kb_job *job, const char *path)
{
	struct file *file;
	void *data = NULL;
	ssize_t size;

	if (path[0] != '/') {
		kb_job_fail(job, -EINVAL, "addon %.160s: the path is not absolute", path);
		return NULL;
	}
	/* O_NONBLOCK, because the other end of a FIFO may never be opened. */
	file = filp_open(path, O_RDONLY | O_LARGEFILE | O_NONBLOCK, 0);
	size = PTR_ERR_OR_ZERO(file);
	if (!size) {
		size = kb_addon_load(file, &data);
		fput(file);
	}
	if (size < 0) {
		kb_job_fail(job, size, "addon %.160s: cannot be read (%zd)", path, size);
		return NULL;
	}
	return kb_job_adopt(job, data, size, KB_PROOF_FILE);
}

/*
 * Refuses an addon that was made for another kernel. As in systemd-stub, the
 * addon's .uname may be a prefix of the image's.
 */
static int kb_addon_uname(struct kb_job *job, const struct kb_pe *addon, const char *path)
{
	struct kb_section ours, theirs;
	int profile, profiles;

	if (!job->is_pe || kb_pe_find(addon, KEXEC_BPF_UKI_UNAME, &theirs) || !theirs.size ||
	    kb_pe_find(&job->pe, KEXEC_BPF_UKI_UNAME, &ours))
		return 0;
	/*
	 * The parser chooses the profile, so a match with any profile's .uname
	 * will do. If there are profiles, the base alone is not one.
	 */
	profiles = kb_pe_profiles(&job->pe);
	profile = profiles ? 0 : KB_PE_BASE;
	do {
		int err = kb_pe_find_in(&job->pe, KEXEC_BPF_UKI_UNAME, profile, &ours);

		if (err == -ENOENT || (!err && !ours.size))
			return 0;
		if (!err && ours.size >= theirs.size &&
		    !memcmp(job->pe.data + ours.offset, addon->data + theirs.offset, theirs.size))
			return 0;
	} while (++profile < profiles);
	return kb_job_fail(job, -EINVAL, "addon %.160s: its .uname differs from the image's", path);
}

static int kb_addon_initrd(struct kb_job *job, struct kb_buffer *file, const struct kb_pe *pe,
			   const char *name, enum kb_initrd_place place)
{
	struct kb_part part = { .buffer = file, .flags = KEXEC_BPF_RESOURCE_ADDON };
	struct kb_section section;
	int err = kb_pe_find(pe, name, &section);

	if (err)
		return err;
	part.offset = section.offset;
	part.size = section.size;
	return kb_initrd_add(job, &part, place);
}

static int kb_addon_cmdline(struct kb_job *job, const struct kb_pe *pe)
{
	struct kb_section section;
	int err = kb_pe_find(pe, KEXEC_BPF_UKI_CMDLINE, &section);

	if (err)
		return err;
	return kb_cmdline_add(job, pe->data + section.offset, section.size);
}

static int kb_addon_pe(struct kb_job *job, struct kb_buffer *file, const char *path)
{
	const char *wrong;
	struct kb_pe pe;
	int err;

	wrong = kb_pe_open(&pe, file->data, file->size);
	if (wrong)
		return kb_job_fail(job, -EINVAL, "addon %.160s: %s", path, wrong);
	if (kb_uki_has_kernel(&pe))
		return kb_job_fail(job, -EINVAL, "addon %.160s: an addon has no kernel", path);
	if (!kb_uki_has_addition(&pe))
		return kb_job_fail(job, -EINVAL, "addon %.160s: it has nothing to add", path);
	err = kb_rules_addon(job, path, file);
	if (!err)
		err = kb_addon_uname(job, &pe, path);
	if (err)
		return err;

	/* The first microcode wins: that of addons precedes the image's. */
	err = kb_addon_initrd(job, file, &pe, KEXEC_BPF_UKI_UCODE, KB_INITRD_FRONT);
	if (!err || err == -ENOENT)
		err = kb_addon_initrd(job, file, &pe, KEXEC_BPF_UKI_INITRD, KB_INITRD_BACK);
	if (!err || err == -ENOENT)
		err = kb_addon_cmdline(job, &pe);
	return err == -ENOENT ? 0 : err;
}

static int kb_addon_file(struct kb_job *job, struct kb_buffer *file, const char *dst_dir,
			 const char *path)
{
	struct kb_part content = {
		.buffer = file, .size = file->size, .flags = KEXEC_BPF_RESOURCE_ADDON,
	};
	const char *name = kbasename(path);
	char *dst_path;
	int err;

	err = kb_rules_file(job, dst_dir, name);
	if (err)
		return err;
	dst_path = kasprintf(GFP_KERNEL, "%s/%s", dst_dir, name);
	if (!dst_path)
		return kb_job_fail(job, -ENOMEM, "out of memory");
	err = kb_cpio_add(job, dst_path, &content, false);
	kfree(dst_path);
	return err;
}

int kb_addon_add(struct kb_job *job, const char *dst_dir, const char *path)
{
	struct kb_buffer *file = kb_addon_read(job, path);

	if (!file)
		return job->error;
	return dst_dir[0] ? kb_addon_file(job, file, dst_dir, path) :
			    kb_addon_pe(job, file, path);
}
