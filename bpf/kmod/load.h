/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of one kexec_file_load(2) of a PE image inside this module. */
#ifndef KB_LOAD_H
#define KB_LOAD_H

#include <linux/types.h>

struct kimage;

/* Stand in for the kernel's functions of stock.h. */
int kb_probe(const char *buf, unsigned long size);
int kb_verify(const char *buf, unsigned long size);
void *kb_load(struct kimage *image, char *kernel, unsigned long kernel_size,
	      char *initrd, unsigned long initrd_size,
	      char *cmdline, unsigned long cmdline_size);
void kb_cleanup(struct kimage *image);

/* Whether current has a load under way. For ftrace callbacks: does not sleep. */
bool kb_load_pending(void);

/*
 * Ends loads whose system call ended without kb_cleanup(): the kernel killed their
 * thread within it, or has inlined the function that kb_cleanup() stands in for.
 */
void kb_load_reap(void);

#endif /* KB_LOAD_H */
