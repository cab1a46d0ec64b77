// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes the same archives as systemd-stub (its src/boot/cpio.c): newc with
 * lower-case hexadecimal digits, mtime 0, and inode numbers from 1 in each
 * archive. Only root can read credentials.
 */
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/stat.h>
#include <linux/string.h>

#include "cpio.h"
#include "initrd.h"
#include "newc.h"

#define KB_CPIO_HEADER	110
#define KB_CPIO_DEPTH	8

/* systemd-stub has this one digit in upper case, too. */
static const char kb_cpio_end[] =
	"070701" "00000000" "00000000" "00000000" "00000000" "00000001"
	"00000000" "00000000" "00000000" "00000000" "00000000" "00000000"
	"0000000B" "00000000" "TRAILER!!!\0\0\0";
static_assert(sizeof(kb_cpio_end) == 124);

struct kb_cpio_writer {
	struct kb_buffer *buffer;
	size_t at;
	u32 inode;
};

static void kb_cpio_entry(struct kb_cpio_writer *w, const char *name, size_t name_size,
			  u32 mode, u32 file_size)
{
	u8 *to = w->buffer->data + w->at;
	size_t end = ALIGN(KB_CPIO_HEADER + name_size + 1, 4);

	memset(to, 0, end);
	/* magic ino mode uid gid nlink mtime size dev(2) rdev(2) namesize check */
	sprintf(to, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08zx%08x",
		++w->inode, mode, 0, 0, 1, 0, file_size, 0, 0, 0, 0, name_size + 1, 0);
	memcpy(to + KB_CPIO_HEADER, name, name_size);
	to[KB_CPIO_HEADER + name_size] = '\0';
	w->at += end;
}

/*
 * Accepts a relative path of printable ASCII, of at most KB_CPIO_DEPTH
 * components, none of them empty, "." or "..".
 */
static int kb_cpio_check(const char *path)
{
	const char *at = path;
	int depth = 0;

	while (1) {
		size_t size = strcspn(at, "/"), i;

		if (!size || ++depth > KB_CPIO_DEPTH)
			return -EINVAL;
		if (at[0] == '.' && (size == 1 || (size == 2 && at[1] == '.')))
			return -EINVAL;
		for (i = 0; i < size; i++)
			if (at[i] < ' ' || at[i] > '~')
				return -EINVAL;
		if (!at[size])
			return 0;
		at += size + 1;
	}
}

static int kb_cpio_part(struct kb_job *job, struct kb_buffer *buffer, size_t offset, size_t size,
			bool continues, bool early)
{
	struct kb_part part = {
		.buffer = buffer, .offset = offset, .size = size,
		.flags = KEXEC_BPF_RESOURCE_ADDON, .continues = continues, .early = early,
	};

	return kb_initrd_add(job, &part, KB_INITRD_BACK);
}

/*
 * Returns whether a file can join the archive of the file before it: both are
 * in the same directory, and the initrd still ends with that archive's trailer.
 */
static bool kb_cpio_continues(const struct kb_job *job, const char *dst_path, size_t dir_size)
{
	const struct kb_part *last;

	if (list_empty(&job->initrd))
		return false;
	last = list_last_entry(&job->initrd, struct kb_part, node);
	return job->archive_end == last && strlen(job->archive_dir) == dir_size &&
	       !memcmp(job->archive_dir, dst_path, dir_size);
}

static int kb_cpio_trailer(struct kb_job *job, const struct kb_cpio_writer *w, size_t offset,
			   const char *dst_path, size_t dir_size)
{
	int err;

	memcpy(w->buffer->data + offset, kb_cpio_end, sizeof(kb_cpio_end));
	err = kb_cpio_part(job, w->buffer, offset, sizeof(kb_cpio_end), true, false);
	if (err)
		return err;
	job->archive_end = list_last_entry(&job->initrd, struct kb_part, node);
	job->archive_inode = w->inode;
	memcpy(job->archive_dir, dst_path, dir_size);
	job->archive_dir[dir_size] = '\0';
	return 0;
}

/* Returns the directory of companion files that @dst_path is below, or NULL. */
static const struct kb_directory *kb_cpio_directory(const char *dst_path)
{
	const struct kb_directory *dir;

	for (dir = kb_uki_directories; dir->path; dir++) {
		size_t size = str_has_prefix(dst_path, dir->path);

		if (size && dst_path[size] == '/')
			return dir;
	}
	return NULL;
}

int kb_cpio_add(struct kb_job *job, const char *dst_path, const struct kb_part *content,
		bool alone)
{
	const struct kb_directory *dir = kb_cpio_directory(dst_path);
	bool ours = strstarts(dst_path, KEXEC_BPF_UKI_EXTRA "/"), joins = false;
	umode_t file_mode = dir ? dir->file_mode : KEXEC_BPF_UKI_EXTRA_FILE_MODE;
	struct kb_part file = *content;
	struct kb_cpio_writer w = {};
	size_t dir_size = 0;
	const char *slash;
	int err;

	if (kb_cpio_check(dst_path))
		return kb_job_fail(job, -EINVAL, "%.128s: not a path for the initrd", dst_path);
	if (content->size > U32_MAX)
		return kb_job_fail(job, -EFBIG, "%.128s: too large for the initrd", dst_path);
	slash = strrchr(dst_path, '/');
	if (slash)
		dir_size = slash - dst_path;
	/* A file with no directory, or a long one, gets its own archive. */
	if (!dir_size || dir_size >= sizeof(job->archive_dir))
		alone = true;

	/* Each entry needs a header, at most the whole path, and padding. */
	w.buffer = kb_job_alloc(job, (KB_CPIO_DEPTH + 1) *
				(KB_CPIO_HEADER + strlen(dst_path) + 5) + sizeof(kb_cpio_end),
				ours ? KB_PROOF_MODULE : KB_PROOF_NONE);
	if (!w.buffer)
		return -ENOMEM;
	if (!alone && kb_cpio_continues(job, dst_path, dir_size)) {
		kb_part_drop(job->archive_end);
		w.inode = job->archive_inode;
		joins = true;
		slash = NULL;
	} else {
		slash = strchr(dst_path, '/');
	}
	for (; slash; slash = strchr(slash + 1, '/')) {
		bool last = !strchr(slash + 1, '/');

		kb_cpio_entry(&w, dst_path, slash - dst_path,
			      S_IFDIR | (last && dir ? dir->mode : KEXEC_BPF_UKI_EXTRA_MODE), 0);
	}
	kb_cpio_entry(&w, dst_path, strlen(dst_path), S_IFREG | file_mode, content->size);

	job->archive_end = NULL;
	err = kb_cpio_part(job, w.buffer, 0, w.at, joins, kb_newc_is_early(dst_path));
	file.continues = true;
	if (!err)
		err = kb_initrd_add(job, &file, KB_INITRD_BACK);
	if (!err)
		err = kb_cpio_trailer(job, &w, w.at, dst_path, alone ? 0 : dir_size);
	return err;
}
