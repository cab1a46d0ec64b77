// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Builds the command line from pieces, by systemd-stub's rules
 * (mangle_stub_cmdline()): leading white space is skipped, control characters
 * and white space become spaces, and trailing ones are cut off. A NUL ends a
 * piece.
 */
#include <linux/errno.h>
#include <linux/overflow.h>
#include <linux/string.h>

#include "cmdline.h"

static bool kb_cmdline_blank(u8 c)
{
	return c <= ' ' || c == 0x7f;
}

int kb_cmdline_add(struct kb_job *job, const u8 *piece, size_t size)
{
	size_t at = job->cmdline_size, i;

	size = strnlen((const char *)piece, size);
	while (size && kb_cmdline_blank(piece[size - 1]))
		size--;
	while (size && kb_cmdline_blank(*piece)) {
		piece++;
		size--;
	}
	if (!size)
		return 0;
	/* A space before the piece and a NUL after it. */
	if (size_add(size, at + 2) > KEXEC_BPF_CMDLINE_MAX_BYTES)
		return kb_job_fail(job, -E2BIG, "the command line is longer than %d bytes",
				   KEXEC_BPF_CMDLINE_MAX_BYTES - 1);
	if (at)
		job->cmdline[at++] = ' ';
	for (i = 0; i < size; i++)
		job->cmdline[at + i] = kb_cmdline_blank(piece[i]) ? ' ' : piece[i];
	job->cmdline_size = at + size;
	job->cmdline[job->cmdline_size] = '\0';
	return 0;
}
