/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A load offers a parser to thread B and waits until it is attached. */
#ifndef KB_HANDSHAKE_H
#define KB_HANDSHAKE_H

#include <linux/ktime.h>
#include <linux/types.h>

struct kb_session;

/*
 * Returns 0 once thread B has attached the parser, or -ETIMEDOUT, -ECANCELED
 * (session closed), -EINTR (killed) or -ESRCH (thread B has ended).
 */
int kb_handshake(struct kb_session *session, const void *parser, size_t size, ktime_t deadline);

/* Returns whether a load of current's process waits. For the kfunc filter. */
bool kb_handshake_mine(void);

#endif /* KB_HANDSHAKE_H */
