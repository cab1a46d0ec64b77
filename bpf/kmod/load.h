/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of one kexec_file_load(2) in this module. */
#ifndef KB_LOAD_H
#define KB_LOAD_H

#include <linux/types.h>

struct kb_session;
struct kimage;

/* Why enforce refuses an image that this module did not open. */
#define KB_NOT_OPENED	"kexec_bpf has not opened it"

/* Who opens the file. */
enum kb_opener {
	KB_BY_PARSER,
	KB_BY_KERNEL	/* its own loader, as without this module */
};

/*
 * Begins a load of current, whose file is in the buffer @file. Takes over the
 * caller's references to the session, if there is one, and to the module.
 * Returns false if out of memory; the references then stay with the caller.
 */
bool kb_load_begin(struct kb_session *session, const void *file, enum kb_opener opener);

/* Replacements for the kernel functions in stock.h. */
int kb_verify(const char *buf, unsigned long size);
void *kb_load(struct kimage *image, char *kernel, unsigned long kernel_size,
	      char *initrd, unsigned long initrd_size,
	      char *cmdline, unsigned long cmdline_size);
int kb_prepare(struct kimage *image);
void kb_cleanup(struct kimage *image);

/* Called before a segment of a kimage is copied, in an ftrace callback. */
void kb_segment(void *image);

/*
 * Return whether current has a load under way, and whether to redirect a call
 * to kb_load() or kb_prepare(). May be called from ftrace callbacks: they do
 * not sleep.
 */
bool kb_load_pending(void);
bool kb_load_wanted(void);

/*
 * Ends loads whose system call ended without kb_cleanup(): the kernel killed
 * their thread during the call, or the compiler inlined the function that
 * kb_cleanup() replaces.
 */
void kb_load_reap(void);

#endif /* KB_LOAD_H */
