/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one kexec_file_load(2) of a PE image does inside this module. */
#ifndef KB_LOAD_H
#define KB_LOAD_H

#include <linux/types.h>

struct kimage;

/* Stand in for the kernel's functions of hook.c. */
int kb_probe(const char *buf, unsigned long size);
int kb_verify(const char *buf, unsigned long size);
void *kb_load(struct kimage *image, char *kernel, unsigned long kernel_size,
	      char *initrd, unsigned long initrd_size,
	      char *cmdline, unsigned long cmdline_size);

/* For ftrace callbacks: they neither sleep nor are traced. */
bool kb_load_wanted(void);
bool kb_load_pending(void);
void kb_load_finish(void);

#endif /* KB_LOAD_H */
