/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds and calls the kernel's own functions that hook.c redirects. */
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
	KB_STOCK_SEGMENT,	/* only watched; its arguments vary */
	KB_STOCKS
};

/*
 * Finds all functions, and logs those that are missing. Returns 0, or the error
 * of one that is not optional. The address of a missing optional one is 0.
 */
int kb_stock_find(void);

const char *kb_stock_name(enum kb_stock which);
unsigned long kb_stock_address(enum kb_stock which);

/* bzImage64_probe(): 0 if the arch loader accepts the image, else -ENOEXEC. */
int kb_stock_probe(const char *buf, unsigned long size);

/*
 * Returns whether the arch loader accepts the image. The kernel's probe logs an
 * error if it does not, so it is asked only about what can be a bzImage.
 */
bool kb_stock_takes(const char *buf, unsigned long size);

/* kexec_kernel_verify_pe_sig(): 0 or an error. After kb_pe_open() only. */
int kb_stock_verify(const char *buf, unsigned long size);

/* bzImage64_load(): an ERR_PTR(), or data that belongs to the kimage. */
void *kb_stock_load(struct kimage *image, char *kernel, unsigned long kernel_size,
		    char *initrd, unsigned long initrd_size,
		    char *cmdline, unsigned long cmdline_size);

/* machine_kexec_prepare(): 0 or an error. Both system calls go through it. */
int kb_stock_prepare(struct kimage *image);

/* kimage_file_post_load_cleanup(): frees what was read from user space. */
void kb_stock_cleanup(struct kimage *image);

#endif /* KB_STOCK_H */
