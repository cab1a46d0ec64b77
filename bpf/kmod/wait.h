/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two eventfds of a process: one to signal, and one to wait for. */
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
	wait_queue_head_t *queue;	/* queue of attached */
	wait_queue_entry_t entry;
	poll_table poll;
	struct completion done;		/* attached was signalled, or kb_wait_end() */
};

void kb_wait_init(struct kb_wait *wait);

/* Takes references to eventfds of current's process: 0, -EBADF or -EINVAL. */
int kb_wait_open(struct kb_wait *wait, int ready_fd, int attached_fd);
void kb_wait_close(struct kb_wait *wait);

/* Discards earlier signals. Only between kb_wait_open() and kb_wait_close(). */
void kb_wait_forget(struct kb_wait *wait);

void kb_wait_signal(struct kb_wait *wait);

/* Ends the wait, and all later ones. */
void kb_wait_end(struct kb_wait *wait);

/*
 * Waits for @ms at most. Returns more than 0 if signalled, 0 if the time is
 * over, or -ERESTARTSYS if killed.
 */
long kb_wait_killable(struct kb_wait *wait, unsigned int ms);

#endif /* KB_WAIT_H */
