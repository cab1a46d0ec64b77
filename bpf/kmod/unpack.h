/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decompresses the initrd before the jump. */
#ifndef KB_UNPACK_H
#define KB_UNPACK_H

struct kb_job;

/*
 * Replaces the compressed archives in the parts of the initrd by what is in
 * them, and reports it. To be called when nothing is left to be verified, and
 * before the parts are joined. Returns 0 or the load's error.
 */
int kb_unpack_initrd(struct kb_job *job);

#endif /* KB_UNPACK_H */
