/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Turns the file into kernel, initrd and command line by running parsers. */
#ifndef KB_ROUND_H
#define KB_ROUND_H

#include <linux/types.h>

struct kb_job;
struct kb_part;
struct kimage;

/*
 * The initrd and command line that user space passed with the image. The
 * buffers belong to the kimage.
 */
struct kb_passed {
	size_t initrd_size;
	const u8 *cmdline;
	size_t cmdline_size;	/* without the NUL */
};

/*
 * Runs parsers until one names a kernel that the arch loader accepts, and joins
 * what they and user space gave. Returns 0, or the load's first error.
 */
int kb_rounds(struct kb_job *job, struct kimage *image, const struct kb_part *file,
	      const struct kb_passed *passed);

#endif /* KB_ROUND_H */
