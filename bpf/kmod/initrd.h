/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The initrd as a list of parts, joined once at the end. */
#ifndef KB_INITRD_H
#define KB_INITRD_H

#include "job.h"

/* Why there are zeros between archives: initrd.c. */
#define KB_INITRD_ALIGN	4
#define KB_INITRD_GAP	4

/* Adds a part at the end or, with KB_INITRD_FRONT, before all others. */
enum kb_initrd_place { KB_INITRD_BACK, KB_INITRD_FRONT };
int kb_initrd_add(struct kb_job *job, const struct kb_part *part, enum kb_initrd_place place);

/* Describes the parts for the report; the size includes the padding. */
struct kexec_bpf_resource kb_initrd_report(const struct kb_job *job);

/*
 * Joins the parts into one, if there are several. The new part does not inherit
 * the proofs of the old ones.
 */
int kb_initrd_join(struct kb_job *job);

#endif /* KB_INITRD_H */
