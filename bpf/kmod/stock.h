/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's own functions that hook.c redirects: found, and callable. */
#ifndef KB_STOCK_H
#define KB_STOCK_H

#include <linux/types.h>

struct kimage;

enum kb_stock {
	KB_STOCK_PROBE,
	KB_STOCK_VERIFY,
	KB_STOCK_LOAD,
	KB_STOCK_CLEANUP,
	KB_STOCK_PREPARE,
	KB_STOCK_SEGMENT,	/* only watched; its arguments differ by version */
	KB_STOCKS
};

/*
 * Finds them all: 0, or the error of the one that is missing, which is logged. The address
 * of what the module can do without is then 0.
 */
int kb_stock_find(void);

const char *kb_stock_name(enum kb_stock which);
unsigned long kb_stock_address(enum kb_stock which);

/* bzImage64_probe(): may the arch loader take it? 0 or -ENOEXEC. */
int kb_stock_probe(const char *buf, unsigned long size);

/*
 * Whether the arch loader takes it. The kernel's probe logs an error for what it
 * refuses, so it is asked only about what can be a bzImage.
 */
bool kb_stock_takes(const char *buf, unsigned long size);

/* kexec_kernel_verify_pe_sig(): 0 or an error. Only for what kb_pe_open() took. */
int kb_stock_verify(const char *buf, unsigned long size);

/* bzImage64_load(): an ERR_PTR() or data that belongs to the image. */
void *kb_stock_load(struct kimage *image, char *kernel, unsigned long kernel_size,
		    char *initrd, unsigned long initrd_size,
		    char *cmdline, unsigned long cmdline_size);

/* machine_kexec_prepare(): 0 or an error. All loads come by here, by either call. */
int kb_stock_prepare(struct kimage *image);

/* kimage_file_post_load_cleanup(): frees what was read from user space. */
void kb_stock_cleanup(struct kimage *image);

#endif /* KB_STOCK_H */
