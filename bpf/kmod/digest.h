/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parameter digest, and leaving segments out of the SHA-256 that the kernel
 * computes at the load and purgatory verifies at the jump.
 */
#ifndef KB_DIGEST_H
#define KB_DIGEST_H

#include <linux/kexec.h>
#include <linux/types.h>

#include <kexec_bpf.h>

/* The buffers of one kimage's segments, while purgatory's is in their place. */
struct kb_digest {
	bool out;		/* the buffers have not been put back */
	unsigned long count;
	void *kbuf[KEXEC_SEGMENT_MAX];
};

/*
 * Says whether this kernel lets segments be left out, once that is known. If it
 * does not, the parameter is "always" from then on.
 */
void kb_digest_init(bool able);

/* Returns whether all loads leave their segments out. For ftrace callbacks. */
bool kb_digest_never(void);

/*
 * Leaves all segments out of the digest if the parameter or the load (@asked)
 * wants that, and the image is not a crash image. Until kb_digest_put_back(),
 * the kimage's segments may be used for nothing but the kernel's digest.
 */
enum kexec_bpf_digest kb_digest_leave_out(struct kb_digest *digest, struct kimage *image,
					  bool asked);

/* Puts the buffers back if they were replaced. For ftrace callbacks. */
void kb_digest_put_back(struct kb_digest *digest, struct kimage *image);

#endif /* KB_DIGEST_H */
