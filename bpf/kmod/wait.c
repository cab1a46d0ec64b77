// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Waits for an eventfd by an entry of its own in the eventfd's queue, because a
 * read could block without a bound.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/jiffies.h>

#include "wait.h"

/* Called with the eventfd's queue locked, in the context of the writer. */
static int kb_wait_wake(wait_queue_entry_t *entry, unsigned int mode, int flags, void *key)
{
	struct kb_wait *wait = container_of(entry, struct kb_wait, entry);

	if (key_to_poll(key) & EPOLLIN)
		complete(&wait->done);
	return 0;
}

static void kb_wait_queue(struct file *file, wait_queue_head_t *queue, poll_table *poll)
{
	struct kb_wait *wait = container_of(poll, struct kb_wait, poll);

	wait->queue = queue;
	add_wait_queue(queue, &wait->entry);
}

void kb_wait_init(struct kb_wait *wait)
{
	init_completion(&wait->done);
}

int kb_wait_open(struct kb_wait *wait, int ready_fd, int attached_fd)
{
	struct eventfd_ctx *ready, *attached;
	struct file *file;

	ready = eventfd_ctx_fdget(ready_fd);
	if (IS_ERR(ready))
		return PTR_ERR(ready);
	file = eventfd_fget(attached_fd);
	if (IS_ERR(file)) {
		eventfd_ctx_put(ready);
		return PTR_ERR(file);
	}
	attached = eventfd_ctx_fileget(file);
	if (IS_ERR(attached)) {
		fput(file);
		eventfd_ctx_put(ready);
		return PTR_ERR(attached);
	}
	wait->ready = ready;
	wait->attached_file = file;
	wait->attached = attached;
	init_waitqueue_func_entry(&wait->entry, kb_wait_wake);
	init_poll_funcptr(&wait->poll, kb_wait_queue);
	vfs_poll(file, &wait->poll);
	return 0;
}

void kb_wait_close(struct kb_wait *wait)
{
	u64 count;

	if (!wait->attached)
		return;
	eventfd_ctx_remove_wait_queue(wait->attached, &wait->entry, &count);
	eventfd_ctx_put(wait->attached);
	fput(wait->attached_file);
	eventfd_ctx_put(wait->ready);
}

void kb_wait_forget(struct kb_wait *wait)
{
	unsigned long flags;
	u64 stale;

	spin_lock_irqsave(&wait->queue->lock, flags);
	eventfd_ctx_do_read(wait->attached, &stale);
	reinit_completion(&wait->done);
	spin_unlock_irqrestore(&wait->queue->lock, flags);
}

void kb_wait_signal(struct kb_wait *wait)
{
	eventfd_signal(wait->ready);
}

void kb_wait_end(struct kb_wait *wait)
{
	complete_all(&wait->done);
}

long kb_wait_killable(struct kb_wait *wait, unsigned int ms)
{
	return wait_for_completion_killable_timeout(&wait->done, msecs_to_jiffies(ms));
}
