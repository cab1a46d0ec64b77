/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of one kexec_file_load(2) of a PE image inside this module. */
#ifndef KB_LOAD_H
#define KB_LOAD_H

#include <linux/types.h>

struct kb_session;
struct kimage;

/* Why enforce refuses what became no load of this module. */
#define KB_NOT_OPENED	"kexec_bpf has not opened it"

/* Who opens the file. */
enum kb_opener {
	KB_BY_PARSER,
	KB_BY_KERNEL	/* its own loader, as without this module */
};

/*
 * A load of current's begins with this buffer. It takes over the caller's references to
 * the session, if there is one, and to the module; false, for want of memory, leaves them.
 */
bool kb_load_begin(struct kb_session *session, const void *file, enum kb_opener opener);

/* Stand in for the kernel's functions of stock.h. */
int kb_verify(const char *buf, unsigned long size);
void *kb_load(struct kimage *image, char *kernel, unsigned long kernel_size,
	      char *initrd, unsigned long initrd_size,
	      char *cmdline, unsigned long cmdline_size);
int kb_prepare(struct kimage *image);
void kb_cleanup(struct kimage *image);

/* Each segment of an image is about to be copied. For ftrace callbacks. */
void kb_segment(void *image);

/*
 * For ftrace callbacks, which do not sleep: whether current has a load under way, and
 * whether kb_load() and kb_prepare() have anything to say.
 */
bool kb_load_pending(void);
bool kb_load_wanted(void);

/*
 * Ends loads whose system call ended without kb_cleanup(): the kernel killed their
 * thread within it, or has inlined the function that kb_cleanup() stands in for.
 */
void kb_load_reap(void);

#endif /* KB_LOAD_H */
