/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The initrd as a list of parts, joined once at the end. */
#ifndef KB_INITRD_H
#define KB_INITRD_H

#include "job.h"

/* Appends a part; KB_INITRD_FRONT puts it before all others. */
enum kb_initrd_place { KB_INITRD_BACK, KB_INITRD_FRONT };
int kb_initrd_add(struct kb_job *job, const struct kb_part *part, enum kb_initrd_place place);

/* Describes the parts for the report; the size includes the padding. */
struct kexec_bpf_resource kb_initrd_report(const struct kb_job *job);

/* Leaves at most one part. What is known of the parts is not known of it. */
int kb_initrd_join(struct kb_job *job);

#endif /* KB_INITRD_H */
