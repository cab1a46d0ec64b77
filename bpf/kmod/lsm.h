/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is asked of the Linux Security Modules, and told to IMA. */
#ifndef KB_LSM_H
#define KB_LSM_H

#include <linux/types.h>

/*
 * Whether lockdown keeps unsigned images from being loaded. It never goes down,
 * so that after the first positive answer nobody is asked, and nothing logged.
 */
bool kb_lsm_locked_down(void);

/*
 * May bytes that no LSM saw as a file become a kernel or, with @initrd, part of an
 * initrd? 0 or -EACCES.
 */
int kb_lsm_admit_unseen(bool initrd);

/* The command line as the next kernel gets it, with its NUL; @size without. */
void kb_lsm_measure_cmdline(const char *cmdline, size_t size);

#endif /* KB_LSM_H */
