/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which images become loads of this module. */
#ifndef KB_PROBE_H
#define KB_PROBE_H

#include <linux/types.h>

/* Stands in for bzImage64_probe(): 0 where the image is taken, or a negative errno. */
int kb_probe(const char *buf, unsigned long size);

/* Whether it has anything to say. For ftrace callbacks: does not sleep. */
bool kb_probe_wanted(void);

#endif /* KB_PROBE_H */
