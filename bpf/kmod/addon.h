/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that user space asks to be added to the image. */
#ifndef KB_ADDON_H
#define KB_ADDON_H

#include "job.h"

/* Adds @path as struct kexec_bpf_addon describes. Both end with a NUL. */
int kb_addon_add(struct kb_job *job, const char *dst_dir, const char *path);

#endif /* KB_ADDON_H */
