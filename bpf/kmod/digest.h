/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parameter digest, and how segments are left out of the SHA-256 that the kernel
 * takes at the load and purgatory checks at the jump.
 */
#ifndef KB_DIGEST_H
#define KB_DIGEST_H

#include <linux/kexec.h>
#include <linux/types.h>

#include <kexec_bpf.h>

/* What the kernel had in the segments of one load's kimage. */
struct kb_digest {
	bool out;		/* the segments have not been put back */
	unsigned long count;
	void *kbuf[KEXEC_SEGMENT_MAX];
};

/*
 * Whether this kernel lets segments be left out, once that is known. Where it does not,
 * the parameter is "always" from then on.
 */
void kb_digest_init(bool able);

/* Whether loads that do not ask leave their segments out, too. For ftrace callbacks. */
bool kb_digest_never(void);

/*
 * Leaves all segments out where the parameter, or the load that @asked, wants that, and
 * the image is not for a crash. The kimage's list of segments must not be used until
 * kb_digest_put_back(), but for the kernel's digest.
 */
enum kexec_bpf_digest kb_digest_leave_out(struct kb_digest *digest, struct kimage *image,
					  bool asked);

/* Does nothing where nothing was left out, or all is back. For ftrace callbacks. */
void kb_digest_put_back(struct kb_digest *digest, struct kimage *image);

#endif /* KB_DIGEST_H */
