/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of a load, built piece by piece. */
#ifndef KB_CMDLINE_H
#define KB_CMDLINE_H

#include "job.h"

/* Appends a piece, cleaned as systemd-stub does it, after one space. */
int kb_cmdline_add(struct kb_job *job, const u8 *piece, size_t size);

#endif /* KB_CMDLINE_H */
