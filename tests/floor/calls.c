// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes the kernel's calls directly, because the program would refuse some of
 * them before it asks the kernel. Prints 0 or the error number of the call.
 *
 *   calls file FLAGS KERNEL [INITRD [CMDLINE]]   kexec_file_load(2)
 *   calls memfd FLAGS KERNEL [INITRD [CMDLINE]]  the same, from memory copies
 *   calls classic FLAGS                          kexec_load(2) of one page
 *   calls fast CALL...                           one of these without a digest:
 *                                                opens a session of the module
 *                                                for it, and prints ERRNO ERROR
 *                                                STAGE DIGEST; the last three
 *                                                are from the report
 *
 * FLAGS is a number; KERNEL and INITRD are paths.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kexec_bpf.h"

/* In any guest's physical memory, but in no reservation for crash images. */
#define SOMEWHERE	(64UL << 20)
#define PAGE		4096

static int opened(const char *path, int copied)
{
	int file = open(path, O_RDONLY | O_CLOEXEC), copy;
	struct stat status;
	ssize_t written = 0;

	if (file < 0 || fstat(file, &status)) {
		perror(path);
		exit(2);
	}
	if (!copied)
		return file;
	copy = memfd_create("copy", MFD_CLOEXEC);
	for (off_t left = status.st_size; left > 0; left -= written) {
		written = sendfile(copy, file, NULL, (size_t)left);
		if (written <= 0) {
			perror("memfd");
			exit(2);
		}
	}
	return copy;
}

static long file_load(int copied, char **argument)
{
	unsigned long flags = strtoul(argument[0], NULL, 0);
	int kernel = opened(argument[1], copied), initrd = -1;
	const char *cmdline = "";

	if (argument[2])
		initrd = opened(argument[2], copied);
	else
		flags |= KEXEC_FILE_NO_INITRAMFS;
	if (argument[2] && argument[3])
		cmdline = argument[3];
	return syscall(SYS_kexec_file_load, kernel, initrd, strlen(cmdline) + 1, cmdline, flags);
}

static long classic_load(unsigned long flags)
{
	static char page[PAGE];
	struct {
		const void *buf;
		size_t bufsz;
		unsigned long mem;
		size_t memsz;
	} segment = { page, sizeof(page), SOMEWHERE, sizeof(page) };

	return syscall(SYS_kexec_load, SOMEWHERE, 1UL, &segment, flags);
}

/* Opens a session that needs no thread B. Returns its descriptor. */
static int fast_session(void)
{
	const struct kexec_bpf_register request = {
		.abi_version = KEXEC_BPF_ABI_VERSION,
		.ready_fd = -1,
		.attached_fd = -1,
		.flags = KEXEC_BPF_REGISTER_NO_DIGEST | KEXEC_BPF_REGISTER_NO_PARSER,
	};
	int session = open(KEXEC_BPF_PROC_PATH, O_RDWR | O_CLOEXEC);

	if (session < 0 || write(session, &request, sizeof(request)) != sizeof(request)) {
		perror(KEXEC_BPF_PROC_PATH);
		exit(2);
	}
	return session;
}

static void print_report(int session)
{
	struct kexec_bpf_report report;

	if (pread(session, &report, sizeof(report), KEXEC_BPF_REPORT_OFFSET) != sizeof(report))
		printf(" no report: %d\n", errno);
	else
		printf(" %d %u %u\n", report.error, report.stage, report.digest);
}

int main(int argc, char **argv)
{
	int session = -1;
	long failed;

	if (argc >= 2 && !strcmp(argv[1], "fast")) {
		session = fast_session();
		argc--;
		argv++;
	}
	if (argc >= 4 && !strcmp(argv[1], "file")) {
		failed = file_load(0, argv + 2);
	} else if (argc >= 4 && !strcmp(argv[1], "memfd")) {
		failed = file_load(1, argv + 2);
	} else if (argc == 3 && !strcmp(argv[1], "classic")) {
		failed = classic_load(strtoul(argv[2], NULL, 0));
	} else {
		fputs("usage: see the top of calls.c\n", stderr);
		return 2;
	}
	printf("%d", failed ? errno : 0);
	if (session < 0)
		puts("");
	else
		print_report(session);
	return 0;
}
