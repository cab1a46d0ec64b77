/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decides which images become loads of this module. */
#ifndef KB_PROBE_H
#define KB_PROBE_H

#include <linux/types.h>

/* Replacement for bzImage64_probe(): 0 if accepted, or a negative errno. */
int kb_probe(const char *buf, unsigned long size);

/* Returns whether to redirect a call. For ftrace callbacks: does not sleep. */
bool kb_probe_wanted(void);

#endif /* KB_PROBE_H */
