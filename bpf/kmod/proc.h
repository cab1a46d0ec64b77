/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc/kexec_bpf. */
#ifndef KB_PROC_H
#define KB_PROC_H

int kb_proc_init(void);

/* Releases the files that are still open. */
void kb_proc_exit(void);

#endif /* KB_PROC_H */
