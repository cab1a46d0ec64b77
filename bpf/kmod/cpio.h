/* SPDX-License-Identifier: GPL-2.0-or-later */
/* newc archives for files that are added to the initrd. */
#ifndef KB_CPIO_H
#define KB_CPIO_H

#include "job.h"

/*
 * Appends an archive with one file to the initrd: the directories of @dst_path,
 * then the file, with the bytes of @content, which are not copied. Unless
 * @alone, the file joins the archive of the previous file if both are in the
 * same directory.
 */
int kb_cpio_add(struct kb_job *job, const char *dst_path, const struct kb_part *content,
		bool alone);

#endif /* KB_CPIO_H */
