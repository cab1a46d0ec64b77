/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proofs of where the bytes in a buffer come from. The code that makes a buffer
 * states its proof once; only the rules decide by it.
 */
#ifndef KB_PROOF_H
#define KB_PROOF_H

#include <linux/bits.h>

/* The bytes are in a PE file whose signature the kernel verified. */
#define KB_PROOF_SIGNED	BIT(0)

/* The kernel read the bytes as a file for kexec, so that the LSMs saw them. */
#define KB_PROOF_FILE	BIT(1)

/* This module made the bytes, from nothing that user space chose. */
#define KB_PROOF_MODULE	BIT(2)

/* A BPF program made the bytes, or user space chose their contents. */
#define KB_PROOF_NONE	0

#endif /* KB_PROOF_H */
