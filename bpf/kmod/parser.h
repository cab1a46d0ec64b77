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

/* Chooses the image's own parser, else the module's for its format, else _NONE. */
struct kb_parser kb_parser_find(const struct kb_pe *pe);

/* Hands the parser to thread B and runs what it attached: one round. */
int kb_parser_run(struct kb_job *job, struct kimage *image, const struct kb_parser *parser,
		  struct kexec_bpf_round *round);

/*
 * The load for which the hook runs in current, or NULL, when it runs for none or
 * only to see who calls. For the kfuncs.
 */
struct kb_job *kb_parser_job(void);

int kexec_pe_parser_hook(struct kimage *image, u64 image_size, u32 round);

#endif /* KB_PARSER_H */
