/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The security rules: what a load may be made of. All return 0 or an error. */
#ifndef KB_RULES_H
#define KB_RULES_H

#include "job.h"

/* The image of a round was opened; user space passed so much beside the first one. */
int kb_rules_open(struct kb_job *job, size_t initrd_size, size_t cmdline_size);

/* A slice of the image is to become a resource. */
int kb_rules_slice(struct kb_job *job, const char *resource, size_t offset, size_t size);

/* A slice of the image is to become the initrd's file dst_path. */
int kb_rules_member(struct kb_job *job, const char *dst_path, size_t offset, size_t size);

/* What the kernel decompressed is to become a resource. */
int kb_rules_decompress(struct kb_job *job, const char *resource);

/* Bytes from BPF memory are to become a resource. */
int kb_rules_carrier(struct kb_job *job, const char *resource);

/* A file is to become the initrd's file dst_dir/name. */
int kb_rules_file(struct kb_job *job, const char *dst_dir, const char *name);

/* A PE addon that kb_pe_open() took is to be used. */
int kb_rules_addon(struct kb_job *job, const char *path, struct kb_buffer *file);

/* The parser of this round is done. */
int kb_rules_round(struct kb_job *job);

/* All rounds are done. */
int kb_rules_end(struct kb_job *job);

#endif /* KB_RULES_H */
