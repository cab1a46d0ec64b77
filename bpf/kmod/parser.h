/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parser of an image, and the function that it attaches to. */
#ifndef KB_PARSER_H
#define KB_PARSER_H

#include "job.h"

struct kimage;

struct kb_parser {
	enum kexec_bpf_parser kind;
	const void *data;
	size_t size;
};

/* Returns the module's own parser of a kind; without data for other kinds. */
struct kb_parser kb_parser_own(enum kexec_bpf_parser kind);

/*
 * Returns the image's own parser, else (or if that is an ELF file for this
 * machine) the module's for its format, else one of kind
 * KEXEC_BPF_PARSER_NONE.
 */
struct kb_parser kb_parser_find(const struct kb_pe *pe);

/* Runs one round: hands the parser to thread B, runs what that attaches. */
int kb_parser_run(struct kb_job *job, struct kimage *image, const struct kb_parser *parser,
		  struct kexec_bpf_round *round);

/*
 * Returns the job for which the hook runs in current, or NULL if it runs for
 * none, or only to find parsers of other loads. For the kfuncs.
 */
struct kb_job *kb_parser_job(void);

int kexec_pe_parser_hook(struct kimage *image, u64 image_size, u32 round);

#endif /* KB_PARSER_H */
