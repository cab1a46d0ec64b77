// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The life of a load, in the order in which the kernel calls:
 *
 *   kb_probe     probe.c: the arch loader refuses it, but a parser can open it; or the
 *                arch loader takes it, and its digest is to be left out
 *   kb_verify    the kernel's own signature check, of the whole file
 *   kb_load      rounds of parsers (round.c), then the arch loader
 *   kb_prepare   lets through what kb_load() has opened, when enforce is on; then takes
 *                the segments away from the digest, where that is asked for
 *   kb_segment   puts them back before they are copied
 *   kb_cleanup   the kernel frees its buffers, on success and on failure
 *
 * The kernel gives up its kexec lock before it frees what failed late, so a load
 * may begin while another one ends: each has an object of its own. It belongs to
 * the thread that loads and to the buffer with the file until kb_load(), and from
 * then on to the kimage. From probe to cleanup it holds a reference to the module.
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
	bool locked_down;		/* asked when the signature was rejected */
	bool passed;			/* all that enforce wants */
	struct kb_digest digest;
	struct kexec_bpf_report report;
};

static LIST_HEAD(kb_loads);
static DEFINE_SPINLOCK(kb_loads_lock);

/* Only current takes its own load off the list, or kb_load_reap() a dead one's. */
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

/* Leaves the reference to the module to the caller. */
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

/* A thread that is here, or ends, is not in the system call any more. */
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
 * The segments point into these buffers until the kernel has copied them. It
 * frees them by the kimage's pointers, so they move there. There are at most
 * two: the kernel's, and the initrd's when it is another.
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

/* What became of the arch loader. */
static void kb_load_arch_ended(struct kexec_bpf_report *report, const void *ret)
{
	/* Until kb_cleanup() sees that the kernel got through. */
	report->stage = KEXEC_BPF_STAGE_SEGMENTS;
	if (!IS_ERR(ret))
		return;
	report->stage = KEXEC_BPF_STAGE_ARCH;
	report->error = PTR_ERR(ret);
	snprintf(report->reason, sizeof(report->reason),
		 "the kernel's bzImage loader refused (%ld)", PTR_ERR(ret));
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
	/* From here the job owns the file; a failure leaves nothing to the kernel. */
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

/* The file of @load was one that the kernel opens as it is. */
static void kb_load_by_kernel(struct kb_load *load, struct kimage *image, const void *ret)
{
	load->file = NULL;
	load->image = image;
	kb_load_arch_ended(&load->report, ret);
}

/* An empty command line comes as its NUL. */
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

	/* What kb_load_reap() has not ended yet is not this load. */
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

/* Whether its session wants no digest. */
static bool kb_load_asks(const struct kb_load *load)
{
	return load->session && load->session->flags & KEXEC_BPF_REGISTER_NO_DIGEST;
}

/*
 * The last gate: whatever was not opened here ends in this function, kexec_load(2)
 * as well. What began before enforce came on was not held against it.
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
 * Whether all segments are in their place: then the list of pages has its end
 * mark. A kimage that failed has lost its control pages, and the list with them.
 * A crash image has both in its reservation: nothing but the mark, in the kimage.
 */
static bool kb_image_complete(const struct kimage *image)
{
	if (image->type == KEXEC_TYPE_CRASH)
		return image->head & IND_DONE;
	return !list_empty(&image->control_pages) && (*image->entry & IND_DONE);
}

/* The load ended. Where the kernel ended it, the module can only say where. */
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
			"lockdown: the image's signature was rejected, or the initrd not readable");
	} else {
		/* Whether kexec_sig_enforce is set is not visible from here. */
		report->error = -EINVAL;
		strscpy(report->reason, report->signature < 0 ?
			"initrd or command line not readable, or a signature is enforced" :
			"initrd or command line not readable");
	}
}

/* Called for every image of current while its load is under way. */
void kb_cleanup(struct kimage *image)
{
	struct kb_load *load = kb_load_of_current();
	bool ours = load->image ? load->image == image : load->file == image->kernel_buf;

	if (ours) {
		/* What failed between kb_prepare() and kb_segment(). */
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
