/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two eventfds of a process: one that is signalled, one that is waited for. */
#ifndef KB_WAIT_H
#define KB_WAIT_H

#include <linux/completion.h>
#include <linux/eventfd.h>
#include <linux/poll.h>
#include <linux/wait.h>

struct kb_wait {
	struct eventfd_ctx *ready;
	struct file *attached_file;
	struct eventfd_ctx *attached;
	wait_queue_head_t *queue;	/* of attached */
	wait_queue_entry_t entry;
	poll_table poll;
	struct completion done;		/* attached was signalled, or kb_wait_end() */
};

void kb_wait_init(struct kb_wait *wait);

/* Takes over both eventfds of current's process: 0, -EBADF or -EINVAL. */
int kb_wait_open(struct kb_wait *wait, int ready_fd, int attached_fd);
void kb_wait_close(struct kb_wait *wait);

/* What was signalled before does not count. Once it is open. */
void kb_wait_forget(struct kb_wait *wait);

void kb_wait_signal(struct kb_wait *wait);

/* As if it were signalled, for good. */
void kb_wait_end(struct kb_wait *wait);

/* Waits so long at most: more than 0, 0 when the time is over, or -ERESTARTSYS. */
long kb_wait_killable(struct kb_wait *wait, unsigned int ms);

#endif /* KB_WAIT_H */
