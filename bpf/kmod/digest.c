// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kexec_file_load(2) calls machine_kexec_prepare(), computes the digest, and
 * then calls kimage_load_segment() for each segment. The digest leaves out a
 * segment whose buffer is purgatory's, because purgatory is changed afterwards.
 * So between the two functions all segments have that buffer: the kernel itself
 * then stores the digest of no bytes, and no regions for purgatory to verify.
 * The error paths in between do not use the segments' buffers: the kernel frees
 * them by other pointers in the kimage.
 *
 * A crash image keeps its digest, because the kernel that crashed may have
 * written to it.
 */
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "digest.h"

enum kb_digest_mode {
	KB_DIGEST_AUTO,
	KB_DIGEST_ALWAYS,
	KB_DIGEST_NEVER,
	KB_DIGEST_MODES
};

static const char *const kb_digest_modes[KB_DIGEST_MODES] = {
	[KB_DIGEST_AUTO] = "auto",
	[KB_DIGEST_ALWAYS] = "always",
	[KB_DIGEST_NEVER] = "never",
};

static enum kb_digest_mode kb_digest_mode = KB_DIGEST_AUTO;

/* KB_ABLE: on this kernel the segments' buffers can be put back. */
static enum {
	KB_UNKNOWN,
	KB_ABLE,
	KB_UNABLE
} kb_digest_kernel;

static int kb_digest_set(const char *val, const struct kernel_param *kp)
{
	int mode = sysfs_match_string(kb_digest_modes, val);

	if (mode < 0)
		return mode;
	if (READ_ONCE(kb_digest_kernel) == KB_UNABLE && mode != KB_DIGEST_ALWAYS)
		return -EOPNOTSUPP;
	WRITE_ONCE(kb_digest_mode, mode);
	return 0;
}

static int kb_digest_get(char *buf, const struct kernel_param *kp)
{
	/* Nobody chose that, so it is not a word that can be written. */
	if (READ_ONCE(kb_digest_kernel) == KB_UNABLE)
		return sysfs_emit(buf, "unable\n");
	return sysfs_emit(buf, "%s\n", kb_digest_modes[READ_ONCE(kb_digest_mode)]);
}

static const struct kernel_param_ops kb_digest_ops = {
	.set = kb_digest_set,
	.get = kb_digest_get,
};
module_param_cb(digest, &kb_digest_ops, NULL, 0644);
MODULE_PARM_DESC(digest, "SHA-256 of images for a reboot: auto (computed unless a load asks for none), always or never");

void kb_digest_init(bool able)
{
	WRITE_ONCE(kb_digest_kernel, able ? KB_ABLE : KB_UNABLE);
	if (!able)
		pr_notice("digest: computed for every load, because it cannot be skipped on this kernel\n");
}

bool notrace kb_digest_never(void)
{
	return READ_ONCE(kb_digest_mode) == KB_DIGEST_NEVER &&
	       READ_ONCE(kb_digest_kernel) == KB_ABLE;
}

enum kexec_bpf_digest kb_digest_leave_out(struct kb_digest *digest, struct kimage *image,
					  bool asked)
{
	enum kb_digest_mode mode = READ_ONCE(kb_digest_mode);
	unsigned long i;

	if (!asked && mode != KB_DIGEST_NEVER)
		return KEXEC_BPF_DIGEST_KEPT;
	if (image->type != KEXEC_TYPE_DEFAULT)
		return KEXEC_BPF_DIGEST_CRASH;
	if (READ_ONCE(kb_digest_kernel) != KB_ABLE || !image->purgatory_info.purgatory_buf)
		return KEXEC_BPF_DIGEST_UNABLE;
	if (mode == KB_DIGEST_ALWAYS)
		return KEXEC_BPF_DIGEST_ALWAYS;
	digest->count = image->nr_segments;
	for (i = 0; i < digest->count; i++) {
		digest->kbuf[i] = image->segment[i].kbuf;
		image->segment[i].kbuf = image->purgatory_info.purgatory_buf;
	}
	digest->out = true;
	return KEXEC_BPF_DIGEST_LEFT_OUT;
}

void notrace kb_digest_put_back(struct kb_digest *digest, struct kimage *image)
{
	unsigned long i;

	if (!digest->out)
		return;
	for (i = 0; i < digest->count; i++)
		image->segment[i].kbuf = digest->kbuf[i];
	digest->out = false;
}
