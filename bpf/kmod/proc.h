/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file /proc/kexec_bpf. */
#ifndef KB_PROC_H
#define KB_PROC_H

int kb_proc_init(void);

/* Removes the file, and releases its open files. */
void kb_proc_exit(void);

#endif /* KB_PROC_H */
