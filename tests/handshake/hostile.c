// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loads hundreds of files in one process, each in a session of its own. The
 * first letter of a file's name says what the file is for:
 *
 *   i   an image, whose parser is never attached: if the kernel accepts the
 *       image, the load waits for the parser until it times out
 *   a   an addon to /good.efi
 *   k   a kernel that the arch loader accepts without a parser
 *
 * Prints a line for each file: NAME ERRNO STAGE REASON. STAGE is 0 if the
 * module had nothing to report. A file that kills the thread that loads it ends
 * the run, because that thread keeps the kernel's lock for ever.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client.h"

#define GOOD		"/good.efi"
/* Short, because nobody attaches a parser. */
#define IMAGE_MS	KEXEC_BPF_TIMEOUT_MIN_MS
#define ADDON_MS	KEXEC_BPF_TIMEOUT_MAX_MS

static const char addon_path[8] = "/addon";

struct round {
	struct session session;
	int ended_fd;
	int link_fd;
};

static int load(const char *path)
{
	int ret, fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	ret = syscall(SYS_kexec_file_load, fd, -1, 1UL, "",
		      (unsigned long)KEXEC_FILE_NO_INITRAMFS) ? -errno : 0;
	close(fd);
	return ret;
}

/* Thread B, for one round. */
static void *serve(void *context)
{
	struct round *round = context;
	struct pollfd fds[2] = {
		{ .fd = round->session.ready_fd, .events = POLLIN },
		{ .fd = round->ended_fd, .events = POLLIN },
	};
	const uint64_t one = 1;
	int program;

	poll(fds, 2, ADDON_MS);
	if (!(fds[0].revents & POLLIN))
		return NULL;
	program = program_load_addon(addon_path);
	round->link_fd = program < 0 ? program : program_attach(program, 0);
	if (program >= 0)
		close(program);
	if (write(round->session.attached_fd, &one, sizeof(one)) != sizeof(one))
		perror("attached_fd");
	return NULL;
}

static int load_served(struct round *round, const char *path)
{
	const uint64_t one = 1;
	pthread_t thread;
	int err;

	pthread_create(&thread, NULL, serve, round);
	err = load(path);
	if (write(round->ended_fd, &one, sizeof(one)) != sizeof(one))
		perror("ended_fd");
	pthread_join(thread, NULL);
	return err;
}

static int run(const char *name)
{
	struct round round = { .ended_fd = eventfd(0, EFD_CLOEXEC), .link_fd = -1 };
	bool is_addon = name[0] == 'a';
	struct kexec_bpf_report report = {};
	int err = session_open(&round.session, is_addon ? ADDON_MS : IMAGE_MS, 0);

	if (err)
		return err;
	if (is_addon) {
		unlink(addon_path);
		if (link(name, addon_path))
			return -errno;
		err = load_served(&round, GOOD);
	} else {
		err = load(name);
	}
	if (session_read_report(&round.session, &report) < 0)
		memset(&report, 0, sizeof(report));
	printf("%s %d %u %s\n", name, err, report.stage, report.reason);
	close(round.link_fd);
	close(round.session.fd);
	close(round.session.ready_fd);
	close(round.session.attached_fd);
	close(round.ended_fd);
	return 0;
}

int hostile(const char *directory)
{
	struct dirent **names;
	int i, count, err = 0;

	if (chdir(directory))
		return 1;
	count = scandir(".", &names, NULL, alphasort);
	for (i = 0; i < count && !err; i++)
		if (names[i]->d_name[0] != '.')
			err = run(names[i]->d_name);
	if (err)
		printf("session %d\n", err);
	return count < 0 || err;
}
