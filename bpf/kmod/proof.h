/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of the bytes in a buffer. Whoever makes a buffer states it, once; only
 * the rules decide by it.
 */
#ifndef KB_PROOF_H
#define KB_PROOF_H

#include <linux/bits.h>

/* They lie in a PE file whose signature the kernel verified. */
#define KB_PROOF_SIGNED	BIT(0)

/* The kernel read them as a file for kexec, under the eyes of the LSMs. */
#define KB_PROOF_FILE	BIT(1)

/* This module made them, of nothing that user space chose. */
#define KB_PROOF_MODULE	BIT(2)

/* A program made them, or user space chose what they say. */
#define KB_PROOF_NONE	0

#endif /* KB_PROOF_H */
