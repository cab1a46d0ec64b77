/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The security rules: what a load may be made of. All return 0 or an error. */
#ifndef KB_RULES_H
#define KB_RULES_H

#include "job.h"

/*
 * Checks the image of a round, after it was opened. The sizes are those of the
 * initrd and command line that user space passed with the file.
 */
int kb_rules_open(struct kb_job *job, size_t initrd_size, size_t cmdline_size);

/* Checks a slice of the image that is to become a resource. */
int kb_rules_slice(struct kb_job *job, const char *resource, size_t offset, size_t size);

/* Checks a slice of the image that is to become the initrd's file @dst_path. */
int kb_rules_member(struct kb_job *job, const char *dst_path, size_t offset, size_t size);

/* Checks whether a resource may be made of what the kernel decompresses. */
int kb_rules_decompress(struct kb_job *job, const char *resource);

/* Checks whether a resource may be made of bytes from BPF memory. */
int kb_rules_carrier(struct kb_job *job, const char *resource);

/* Checks whether a file may become the initrd's file @dst_dir/@name. */
int kb_rules_file(struct kb_job *job, const char *dst_dir, const char *name);

/* Checks whether a PE addon, which kb_pe_open() accepted, may be used. */
int kb_rules_addon(struct kb_job *job, const char *path, struct kb_buffer *file);

/* Checks what was given in this round, after its parser has run. */
int kb_rules_round(struct kb_job *job);

/* Checks what is to be loaded, after all rounds. */
int kb_rules_end(struct kb_job *job);

#endif /* KB_RULES_H */
