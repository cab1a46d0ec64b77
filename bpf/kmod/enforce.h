/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parameter enforce: whether the kernel loads nothing but what this module opened. */
#ifndef KB_ENFORCE_H
#define KB_ENFORCE_H

#include <linux/types.h>

/* Begins reports of what it refuses, and lines of the log. */
#define KB_ENFORCE	"enforce"

/* The calls that it refuses, for the log. */
#define KB_CALL_FILE	"kexec_file_load"
#define KB_CALL_CLASSIC	"kexec_load"

/* For ftrace callbacks: does not sleep. */
bool kb_enforce_on(void);

/*
 * 0 where it is off, or off again: then the kernel's own function has to be asked. Else
 * -EPERM, and the log says who called, and why it is refused.
 */
int kb_enforce_refuse(const char *call, const char *why);

/* The last step of insertion: turns it on where the parameter came with it. */
int kb_enforce_init(void);

/* The first step of removal: it cannot be turned on any more. */
void kb_enforce_exit(void);

#endif /* KB_ENFORCE_H */
