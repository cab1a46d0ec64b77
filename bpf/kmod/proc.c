// SPDX-License-Identifier: GPL-2.0-or-later
/* The file operations of /proc/kexec_bpf: registration, parser, report. */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/proc_fs.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "load.h"
#include "parser.h"
#include "proc.h"
#include "session.h"

/* One read(2) copies at most this much through a bounce buffer. */
#define KB_READ_BYTES	SZ_64K

static struct proc_dir_entry *kb_proc;

static int kb_open(struct inode *inode, struct file *file)
{
	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	file->private_data = kb_session_new();
	return file->private_data ? 0 : -ENOMEM;
}

static int kb_release(struct inode *inode, struct file *file)
{
	struct kb_session *session = file->private_data;

	kb_session_close(session);
	kb_session_put(session);
	kb_load_reap();
	return 0;
}

static ssize_t kb_write(struct file *file, const char __user *buf, size_t size, loff_t *pos)
{
	struct kb_session *session = file->private_data;
	struct kexec_bpf_register request = {};
	size_t wanted;
	int err;

	if (!kb_session_mine(session))
		return -EPERM;
	if (size != KEXEC_BPF_REGISTER_BYTES_V3 && size != sizeof(request))
		return -EINVAL;
	if (copy_from_user(&request, buf, size))
		return -EFAULT;
	wanted = request.abi_version == 3 ? KEXEC_BPF_REGISTER_BYTES_V3 : sizeof(request);
	if (size != wanted)
		return -EINVAL;
	err = kb_session_register(session, &request);
	return err ?: size;
}

/*
 * Adapts the report to the version of its session. Returns its size. Version 3
 * has neither the later fields nor the stage SEGMENTS.
 */
static size_t kb_report_for(struct kexec_bpf_report *report, size_t size)
{
	if (report->abi_version > 3)
		return min(size, sizeof(*report));
	report->size = 0;
	if (report->stage == KEXEC_BPF_STAGE_SEGMENTS)
		report->stage = KEXEC_BPF_STAGE_ARCH;
	return KEXEC_BPF_REPORT_BYTES_V3;
}

static ssize_t kb_read_report(struct kb_session *session, char __user *buf, size_t size)
{
	struct kexec_bpf_report *report;
	bool reported;
	ssize_t ret;

	if (size < KEXEC_BPF_REPORT_BYTES_V3)
		return -EINVAL;
	report = kmalloc(sizeof(*report), GFP_KERNEL);
	if (!report)
		return -ENOMEM;
	mutex_lock(&session->lock);
	reported = session->reported;
	*report = session->report;
	mutex_unlock(&session->lock);
	ret = kb_report_for(report, size);
	if (!reported)
		ret = -ENODATA;
	else if (copy_to_user(buf, report, ret))
		ret = -EFAULT;
	kfree(report);
	return ret;
}

/*
 * The bytes are copied through a bounce buffer: a page fault on the reader's
 * buffer must not happen under the lock, which the load needs to stop waiting.
 */
static ssize_t kb_read_parser(struct kb_session *session, char __user *buf, size_t size,
			      loff_t *pos)
{
	ssize_t ret = -ENODATA;
	void *bounce;

	size = min_t(size_t, size, KB_READ_BYTES);
	bounce = kvmalloc(size, GFP_KERNEL);
	if (!bounce)
		return -ENOMEM;
	mutex_lock(&session->lock);
	if (session->parser) {
		kb_session_served_by_current(session);
		ret = 0;
		if (*pos < session->parser_size) {
			ret = min_t(size_t, size, session->parser_size - *pos);
			memcpy(bounce, session->parser + *pos, ret);
		}
	}
	mutex_unlock(&session->lock);
	if (ret > 0 && copy_to_user(buf, bounce, ret))
		ret = -EFAULT;
	if (ret > 0)
		*pos += ret;
	kvfree(bounce);
	return ret;
}

static ssize_t kb_read_cookie(const struct kb_session *session, char __user *buf, size_t size)
{
	if (size != sizeof(session->cookie))
		return -EINVAL;
	if (!session->cookie)
		return -ENODATA;
	return copy_to_user(buf, &session->cookie, size) ? -EFAULT : size;
}

/* Reads the module's own parser of a kind, which begins at the offset @start. */
static ssize_t kb_read_own(enum kexec_bpf_parser kind, loff_t start, char __user *buf,
			   size_t size, loff_t *pos)
{
	struct kb_parser parser = kb_parser_own(kind);
	loff_t at = *pos - start;
	ssize_t ret = simple_read_from_buffer(buf, size, &at, parser.data, parser.size);

	*pos = start + at;
	return ret;
}

static ssize_t kb_read(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	struct kb_session *session = file->private_data;

	if (!kb_session_mine(session))
		return -EPERM;
	if (!size)
		return 0;
	if (*pos == KEXEC_BPF_REPORT_OFFSET)
		return kb_read_report(session, buf, size);
	if (*pos == KEXEC_BPF_COOKIE_OFFSET)
		return kb_read_cookie(session, buf, size);
	if (*pos >= KEXEC_BPF_ZBOOT_PARSER_OFFSET)
		return kb_read_own(KEXEC_BPF_PARSER_ZBOOT, KEXEC_BPF_ZBOOT_PARSER_OFFSET, buf,
				   size, pos);
	if (*pos >= KEXEC_BPF_UKI_PARSER_OFFSET)
		return kb_read_own(KEXEC_BPF_PARSER_UKI, KEXEC_BPF_UKI_PARSER_OFFSET, buf, size,
				   pos);
	return kb_read_parser(session, buf, size, pos);
}

static const struct proc_ops kb_proc_ops = {
	.proc_open = kb_open,
	.proc_release = kb_release,
	.proc_read = kb_read,
	.proc_write = kb_write,
	.proc_lseek = default_llseek,
};

int kb_proc_init(void)
{
	kb_proc = proc_create(KEXEC_BPF_PROC_NAME, 0600, NULL, &kb_proc_ops);
	return kb_proc ? 0 : -ENOMEM;
}

void kb_proc_exit(void)
{
	proc_remove(kb_proc);
}
