/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's PE and bzImage functions: redirected, and still callable. */
#ifndef KB_HOOK_H
#define KB_HOOK_H

#include <linux/types.h>

struct kimage;

int kb_hook_install(void);
void kb_hook_remove(void);

/* The kernel's own functions, past the redirection. */
int kb_stock_probe(const char *buf, unsigned long size);
int kb_stock_verify(const char *buf, unsigned long size);
void *kb_stock_load(struct kimage *image, char *kernel, unsigned long kernel_size,
		    char *initrd, unsigned long initrd_size,
		    char *cmdline, unsigned long cmdline_size);

#endif /* KB_HOOK_H */
