/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parameter enforce: load only images that this module opened. */
#ifndef KB_ENFORCE_H
#define KB_ENFORCE_H

#include <linux/types.h>

/* Prefix of the refusals in reports, and of lines in the kernel log. */
#define KB_ENFORCE	"enforce"

/* The system calls that enforce refuses, for the kernel log. */
#define KB_CALL_FILE	"kexec_file_load"
#define KB_CALL_CLASSIC	"kexec_load"

/*
 * Returns whether the gates are closed. For ftrace callbacks: does not sleep.
 */
bool kb_enforce_on(void);

/*
 * Returns 0 if the gates are open, also if they have opened again because
 * enforce could not be turned on: the caller must then ask the kernel's own
 * function. Otherwise logs who called and why that is refused, and returns
 * -EPERM.
 */
int kb_enforce_refuse(const char *call, const char *why);

/* Turns enforce on if the parameter was given. The last step of insertion. */
int kb_enforce_init(void);

/* Keeps enforce from being turned on any more. The first step of removal. */
void kb_enforce_exit(void);

#endif /* KB_ENFORCE_H */
