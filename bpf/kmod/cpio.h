/* SPDX-License-Identifier: GPL-2.0-or-later */
/* newc archives for files that are added to the initrd. */
#ifndef KB_CPIO_H
#define KB_CPIO_H

#include "job.h"

/*
 * Appends an archive with one file to the initrd: the directories of
 * dst_path, then the file, whose bytes are content's, not copied. Unless it is
 * to be alone, it joins the archive of the file before in the same directory.
 */
int kb_cpio_add(struct kb_job *job, const char *dst_path, const struct kb_part *content,
		bool alone);

#endif /* KB_CPIO_H */
