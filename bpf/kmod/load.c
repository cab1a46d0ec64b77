// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The life of a load. The kernel reaches these functions in this order:
 *
 *   kb_probe     (probe.c) begins a load if the arch loader refuses the image
 *                and a parser can open it, or if the arch loader accepts it and
 *                its digest is to be left out
 *   kb_verify    records the result of the kernel's own signature check
 *   kb_load      runs rounds of parsers (round.c), then the arch loader
 *   kb_prepare   with enforce, passes only images that kb_load() opened; then
 *                leaves the segments out of the digest, if that was asked for
 *   kb_segment   puts the segments' buffers back before they are copied
 *   kb_cleanup   ends the load when the kernel frees its buffers, on success
 *                and on failure
 *
 * The kernel releases its kexec lock before it frees a load that failed late,
 * so a load may begin while another one ends: each has an object of its own.
 * Until kb_load() it is identified by the loading thread and the file's buffer,
 * and by the kimage from then on. From probe to cleanup it holds a reference to
 * the module.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kexec.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "digest.h"
#include "enforce.h"
#include "initrd.h"
#include "job.h"
#include "load.h"
#include "lsm.h"
#include "parser.h"
#include "round.h"
#include "session.h"
#include "stock.h"

struct kb_load {
	struct list_head node;		/* in kb_loads */
	struct rcu_head rcu;
	struct task_struct *task;	/* with a reference */
	struct kb_session *session;	/* with a reference; or NULL */
	enum kb_opener opener;
	const void *file;		/* the kernel's buffer, until kb_load() */
	struct kimage *image;		/* since kb_load() */
	ktime_t start;
	bool locked_down;		/* when the signature was rejected */
	bool passed;			/* with enforce, opened by kb_load() */
	struct kb_digest digest;
	struct kexec_bpf_report report;
};

static LIST_HEAD(kb_loads);
static DEFINE_SPINLOCK(kb_loads_lock);

/* The result stays valid: others remove only the loads of dead threads. */
static struct kb_load *notrace kb_load_of_current(void)
{
	struct kb_load *load, *found = NULL;

	rcu_read_lock();
	list_for_each_entry_rcu(load, &kb_loads, node)
		if (load->task == current)
			found = load;
	rcu_read_unlock();
	return found;
}

bool notrace kb_load_pending(void)
{
	return kb_load_of_current();
}

bool notrace kb_load_wanted(void)
{
	return kb_enforce_on() || kb_load_pending();
}

bool kb_load_begin(struct kb_session *session, const void *file, enum kb_opener opener)
{
	struct kb_load *load = kzalloc(sizeof(*load), GFP_KERNEL);

	if (!load)
		return false;
	load->task = get_task_struct(current);
	load->session = session;
	load->opener = opener;
	load->file = file;
	load->start = ktime_get();
	load->report.stage = KEXEC_BPF_STAGE_READ;
	load->report.signature = KEXEC_BPF_SIGNATURE_UNCHECKED;
	spin_lock(&kb_loads_lock);
	list_add_rcu(&load->node, &kb_loads);
	spin_unlock(&kb_loads_lock);
	return true;
}

/* The caller still has to drop the reference to the module. */
static void kb_load_free(struct kb_load *load)
{
	load->report.load_us = ktime_us_delta(ktime_get(), load->start);
	if (load->session) {
		kb_session_report(load->session, &load->report);
		kb_session_put(load->session);
	}
	put_task_struct(load->task);
	kfree_rcu(load, rcu);
}

static void kb_load_remove(struct kb_load *load)
{
	spin_lock(&kb_loads_lock);
	list_del_rcu(&load->node);
	spin_unlock(&kb_loads_lock);
}

/* Unlinks a load whose system call is over: its thread exits or calls this. */
static struct kb_load *kb_load_stale(void)
{
	struct kb_load *load, *found = NULL;

	spin_lock(&kb_loads_lock);
	list_for_each_entry(load, &kb_loads, node)
		if (load->task == current || READ_ONCE(load->task->flags) & PF_EXITING)
			found = load;
	if (found)
		list_del_rcu(&found->node);
	spin_unlock(&kb_loads_lock);
	return found;
}

void kb_load_reap(void)
{
	struct kb_load *load;

	while ((load = kb_load_stale())) {
		kb_load_free(load);
		module_put(THIS_MODULE);
	}
}

int kb_verify(const char *buf, unsigned long size)
{
	struct kb_load *load = kb_load_of_current();
	int err = kb_stock_verify(buf, size);

	if (load->file == buf) {
		load->report.signature = err;
		load->locked_down = err && kb_lsm_locked_down();
	}
	return err;
}

/*
 * The segments point into these buffers until the kernel has copied them. The
 * kernel frees buffers by the pointers in the kimage, so they move there. There
 * are at most two: the kernel's, and the initrd's if it is another one.
 */
static void *kb_load_arch(struct kb_job *job, struct kimage *image)
{
	struct kb_part *initrd = list_first_entry_or_null(&job->initrd, struct kb_part, node);
	char *kernel_data = kb_part_data(&job->kernel), *initrd_data = NULL;
	size_t initrd_size = 0;

	if (initrd) {
		initrd_data = kb_part_data(initrd);
		initrd_size = initrd->size;
		if (initrd->buffer != job->kernel.buffer)
			image->initrd_buf = kb_job_release(job, initrd->buffer);
	}
	image->initrd_buf_len = initrd_size;
	image->kernel_buf = kb_job_release(job, job->kernel.buffer);
	image->kernel_buf_len = job->kernel.size;
	kfree(image->cmdline_buf);
	image->cmdline_buf = job->cmdline;
	image->cmdline_buf_len = job->cmdline_size + 1;
	job->cmdline = NULL;

	return kb_stock_load(image, kernel_data, job->kernel.size, initrd_data, initrd_size,
			     image->cmdline_buf, image->cmdline_buf_len);
}

/* Records the result of the arch loader. */
static void kb_load_arch_ended(struct kexec_bpf_report *report, const void *ret)
{
	/* Stays SEGMENTS until kb_cleanup() sees that the load is complete. */
	report->stage = KEXEC_BPF_STAGE_SEGMENTS;
	if (!IS_ERR(ret))
		return;
	report->stage = KEXEC_BPF_STAGE_ARCH;
	report->error = PTR_ERR(ret);
	snprintf(report->reason, sizeof(report->reason),
		 "the kernel's bzImage loader refused the kernel (%ld)", PTR_ERR(ret));
}

static void *kb_load_job(struct kb_job *job, struct kimage *image, size_t kernel_size,
			 const struct kb_passed *passed)
{
	bool verified = !job->report->signature;
	struct kb_part file = { .size = kernel_size };
	void *ret;
	int err;

	job->locked_down = kb_lsm_locked_down();
	job->enforced = kb_enforce_on();
	job->signed_only = job->locked_down || verified;
	/* The job now owns the file: after a failure the kernel has none. */
	file.buffer = kb_job_adopt(job, image->kernel_buf, kernel_size,
				   KB_PROOF_FILE | (verified ? KB_PROOF_SIGNED : 0));
	image->kernel_buf = NULL;
	if (!file.buffer)
		return ERR_PTR(-ENOMEM);
	err = kb_rounds(job, image, &file, passed);
	if (err)
		return ERR_PTR(err);
	ret = kb_load_arch(job, image);
	kb_load_arch_ended(job->report, ret);
	return ret;
}

/* Continues a load whose file the kernel opens itself. */
static void kb_load_by_kernel(struct kb_load *load, struct kimage *image, const void *ret)
{
	load->file = NULL;
	load->image = image;
	kb_load_arch_ended(&load->report, ret);
}

/* @cmdline_size counts the NUL, and is 1 for an empty command line. */
void *kb_load(struct kimage *image, char *kernel, unsigned long kernel_size,
	      char *initrd, unsigned long initrd_size,
	      char *cmdline, unsigned long cmdline_size)
{
	const struct kb_passed passed = {
		.initrd_size = initrd_size,
		.cmdline = (const u8 *)cmdline,
		.cmdline_size = cmdline_size ? cmdline_size - 1 : 0,
	};
	struct kb_load *load = kb_load_of_current();
	struct kexec_bpf_report *report;
	struct kb_job *job;
	void *ret;
	int err;

	/* This skips a stale load, which kb_load_reap() has not ended yet. */
	if (load && load->file != kernel)
		load = NULL;
	if (!load || load->opener == KB_BY_KERNEL) {
		err = kb_enforce_refuse(KB_CALL_FILE, KB_NOT_OPENED);
		ret = err ? ERR_PTR(err) :
			    kb_stock_load(image, kernel, kernel_size, initrd, initrd_size,
					  cmdline, cmdline_size);
		if (load)
			kb_load_by_kernel(load, image, ret);
		if (load && err)
			strscpy(load->report.reason, KB_ENFORCE ": " KB_NOT_OPENED);
		return ret;
	}
	report = &load->report;
	load->file = NULL;
	load->image = image;
	job = kb_job_new(load->session, report);
	if (!job)
		return ERR_PTR(-ENOMEM);
	ret = kb_load_job(job, image, kernel_size, &passed);
	report->flags = (job->locked_down ? KEXEC_BPF_REPORT_LOCKDOWN : 0) |
			(job->enforced ? KEXEC_BPF_REPORT_ENFORCE : 0);
	load->passed = job->enforced && !IS_ERR(ret);
	if (IS_ERR(ret)) {
		report->error = PTR_ERR(ret);
		if (!kb_enforce_refuse(KB_CALL_FILE, report->reason))
			pr_notice("load refused: %*pE\n", (int)strlen(report->reason),
				  report->reason);
	}
	kb_job_free(job);
	return ret;
}

/* Returns whether the load's session asks for no digest. */
static bool kb_load_asks(const struct kb_load *load)
{
	return load->session && load->session->flags & KEXEC_BPF_REGISTER_NO_DIGEST;
}

/*
 * The last gate of enforce, for loads by either system call: whatever was not
 * opened here ends in this function. So does a load that began before enforce
 * was turned on, because it was not checked against the rules of enforce.
 */
int kb_prepare(struct kimage *image)
{
	struct kb_load *load = kb_load_of_current();
	int err = 0;

	if (load && load->image != image)
		load = NULL;
	if (!image->file_mode)
		err = kb_enforce_refuse(KB_CALL_CLASSIC, "nothing verifies what it loads");
	else if (!load || !load->passed)
		err = kb_enforce_refuse(KB_CALL_FILE, KB_NOT_OPENED);
	err = err ?: kb_stock_prepare(image);
	if (!err && load)
		load->report.digest = kb_digest_leave_out(&load->digest, image,
							  kb_load_asks(load));
	return err;
}

void notrace kb_segment(void *image)
{
	struct kb_load *load = kb_load_of_current();

	if (load && load->image == image)
		kb_digest_put_back(&load->digest, image);
}

/*
 * Returns whether all segments were loaded: the kimage's list of pages then has
 * its end mark. A kimage that failed has lost its control pages, and the list
 * with them. The segments and control pages of a crash image are in its
 * reservation, so its list is nothing but the mark, in the kimage itself.
 */
static bool kb_image_complete(const struct kimage *image)
{
	if (image->type == KEXEC_TYPE_CRASH)
		return image->head & IND_DONE;
	return !list_empty(&image->control_pages) && (*image->entry & IND_DONE);
}

/* Completes the report. How the kernel ended a load is not visible here. */
static void kb_load_conclude(struct kb_load *load, bool complete)
{
	struct kexec_bpf_report *report = &load->report;

	if (report->error)
		return;
	if (complete) {
		report->stage = KEXEC_BPF_STAGE_LOADED;
		return;
	}
	if (report->stage == KEXEC_BPF_STAGE_SEGMENTS) {
		report->error = -EIO;
		strscpy(report->reason, "the kernel could not place the segments");
		return;
	}
	if (load->image) {
		report->error = -ENOMEM;
		strscpy(report->reason, "out of memory");
	} else if (load->locked_down) {
		report->flags = KEXEC_BPF_REPORT_LOCKDOWN;
		report->stage = KEXEC_BPF_STAGE_SIGNATURE;
		report->error = report->signature;
		strscpy(report->reason,
			"lockdown: the signature was rejected, or the initrd could not be read");
	} else {
		/* The kernel's sig_enforce is not visible here. */
		report->error = -EINVAL;
		strscpy(report->reason, report->signature < 0 ?
			"initrd or command line could not be read, or a signature is required" :
			"initrd or command line could not be read");
	}
}

/* Called for every kimage of current while a load of current is under way. */
void kb_cleanup(struct kimage *image)
{
	struct kb_load *load = kb_load_of_current();
	bool ours = load->image ? load->image == image : load->file == image->kernel_buf;

	if (ours) {
		/* Needed if it failed between kb_prepare() and kb_segment(). */
		kb_digest_put_back(&load->digest, image);
		kb_load_conclude(load, kb_image_complete(image));
		kb_load_remove(load);
	}
	kb_stock_cleanup(image);
	if (ours) {
		kb_load_free(load);
		module_put(THIS_MODULE);
	}
}
