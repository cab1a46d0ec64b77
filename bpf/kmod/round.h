/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the file to kernel, initrd and command line, by one parser or several. */
#ifndef KB_ROUND_H
#define KB_ROUND_H

#include <linux/types.h>

struct kb_job;
struct kb_part;
struct kimage;

/* What user space passed beside the image; the buffers belong to the kimage. */
struct kb_passed {
	size_t initrd_size;
	const u8 *cmdline;
	size_t cmdline_size;	/* without the NUL */
};

/*
 * Runs parsers until a kernel comes out that the arch loader takes, and joins what
 * they and user space gave: 0, or the load's first error.
 */
int kb_rounds(struct kb_job *job, struct kimage *image, const struct kb_part *file,
	      const struct kb_passed *passed);

#endif /* KB_ROUND_H */
