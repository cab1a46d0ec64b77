/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions to the Linux Security Modules, and a measurement by IMA. */
#ifndef KB_LSM_H
#define KB_LSM_H

#include <linux/types.h>

/*
 * Returns whether lockdown keeps unsigned images from being loaded. The
 * lockdown level never goes down, so after the first positive answer the LSMs
 * are not asked again, and do not log again.
 */
bool kb_lsm_locked_down(void);

/*
 * Asks whether bytes that no LSM saw as a file may become a kernel and, with
 * @initrd, part of an initrd. Returns 0 or -EACCES.
 */
int kb_lsm_admit_unseen(bool initrd);

/*
 * Measures the command line that the next kernel gets. It ends with a NUL,
 * which @size does not count.
 */
void kb_lsm_measure_cmdline(const char *cmdline, size_t size);

#endif /* KB_LSM_H */
