// SPDX-License-Identifier: GPL-2.0-or-later
/* Uses the session file, by its rules and against them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"

static int result(ssize_t ret)
{
	return ret < 0 ? -errno : ret;
}

static int open_file(void)
{
	return result(open(KEXEC_BPF_PROC_PATH, O_RDWR | O_CLOEXEC));
}

static int register_with(int fd, __u32 version, int ready, int attached, __u32 timeout_ms)
{
	struct kexec_bpf_register request = {
		.abi_version = version,
		.ready_fd = ready,
		.attached_fd = attached,
		.timeout_ms = timeout_ms,
	};

	return result(write(fd, &request, sizeof(request)));
}

/* Registers as version @version, with a struct of @size bytes. */
static int register_bytes(int fd, struct kexec_bpf_register request, __u32 version, size_t size)
{
	request.abi_version = version;
	return result(write(fd, &request, size));
}

static void misuse_versions(int fd, struct kexec_bpf_register good)
{
	struct kexec_bpf_register flags = good, reserved = good, unserved = good, idle = good;
	struct kexec_bpf_register early;

	flags.flags = KEXEC_BPF_REGISTER_EARLY << 1;
	reserved.reserved[10] = 1;
	unserved.flags = KEXEC_BPF_REGISTER_NO_PARSER;
	idle.flags = KEXEC_BPF_REGISTER_NO_PARSER | KEXEC_BPF_REGISTER_UNPACK_INITRD;
	idle.ready_fd = -1;
	idle.attached_fd = -1;
	early = idle;
	early.flags = KEXEC_BPF_REGISTER_NO_PARSER | KEXEC_BPF_REGISTER_EARLY;
	printf("register-3-long %d\n", register_bytes(fd, good, 3, sizeof(good)));
	printf("register-4-short %d\n", register_bytes(fd, good, 4, KEXEC_BPF_REGISTER_BYTES_V3));
	printf("register-flags %d\n", register_bytes(fd, flags, 4, sizeof(good)));
	printf("register-reserved %d\n", register_bytes(fd, reserved, 4, sizeof(good)));
	printf("register-eventfds-unused %d\n", register_bytes(fd, unserved, 4, sizeof(good)));
	printf("register-unpack-unserved %d\n", register_bytes(fd, idle, 4, sizeof(good)));
	printf("register-early-unserved %d\n", register_bytes(fd, early, 4, sizeof(good)));
}

int session_open(struct session *session, unsigned int timeout_ms, unsigned int flags)
{
	struct kexec_bpf_register request = { .timeout_ms = timeout_ms, .flags = flags };
	int ret;

	session->ready_fd = eventfd(0, EFD_CLOEXEC);
	session->attached_fd = eventfd(0, EFD_CLOEXEC);
	session->fd = open_file();
	if (session->fd < 0)
		return session->fd;
	request.ready_fd = session->ready_fd;
	request.attached_fd = session->attached_fd;
	ret = register_bytes(session->fd, request, KEXEC_BPF_ABI_VERSION, sizeof(request));
	return ret < 0 ? ret : 0;
}

__u64 session_cookie(const struct session *session)
{
	__u64 cookie = 0;

	pread(session->fd, &cookie, sizeof(cookie), KEXEC_BPF_COOKIE_OFFSET);
	return cookie;
}

int session_read(const struct session *session)
{
	char bytes[4096];
	int size = 0, got;

	while ((got = result(pread(session->fd, bytes, sizeof(bytes), size))) > 0)
		size += got;
	return got < 0 ? got : size;
}

int session_read_report(const struct session *session, struct kexec_bpf_report *report)
{
	return result(pread(session->fd, report, sizeof(*report), KEXEC_BPF_REPORT_OFFSET));
}

static void print_times(const struct kexec_bpf_report *report)
{
	__u64 waited_us = 0;
	__u32 i;

	for (i = 0; i < report->rounds && i < KEXEC_BPF_ROUNDS_MAX; i++)
		waited_us += report->round[i].handshake_us;
	printf("rounds %u\nwaited_ms %llu\nload_ms %llu\n", report->rounds,
	       waited_us / 1000, report->load_us / 1000);
}

void session_report(const struct session *session, bool times, unsigned int flags)
{
	struct kexec_bpf_report report;
	int got = session_read_report(session, &report);

	if (got != sizeof(report))
		printf("report %d\n", got);
	else
		printf("report %d stage %u calls %u: %s\n", report.error, report.stage,
		       report.round[0].calls, report.reason);
	if (times && got == sizeof(report))
		print_times(&report);
	if (flags & KEXEC_BPF_REGISTER_UNPACK_INITRD && got == sizeof(report))
		printf("unpack %u packed %llu size %llu flag %d\n", report.unpack,
		       report.packed_size, report.initrd.size,
		       !!(report.initrd.flags & KEXEC_BPF_RESOURCE_UNPACKED));
	if (flags & KEXEC_BPF_REGISTER_NO_DIGEST && got == sizeof(report))
		printf("digest %u\n", report.digest);
}

/* Makes a call in a child, which is not the process that opened the file. */
static void as_child(const char *name, int (*call)(int fd), int fd)
{
	int status;
	pid_t child = fork();

	if (!child)
		_exit(-call(fd) & 0xff);
	waitpid(child, &status, 0);
	printf("%s %d\n", name, -WEXITSTATUS(status));
}

static int child_registers(int fd)
{
	return register_with(fd, KEXEC_BPF_ABI_VERSION, 0, 0, 0);
}

static int child_reads(int fd)
{
	char byte;

	return result(pread(fd, &byte, 1, 0));
}

static int child_opens_without_capability(int fd)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return -errno;
	data[0].effective &= ~(1U << CAP_SYS_BOOT);
	if (syscall(SYS_capset, &header, data))
		return -errno;
	return open_file();
}

int session_misuse(void)
{
	const __u32 version = KEXEC_BPF_ABI_VERSION;
	int ready = eventfd(0, EFD_CLOEXEC), attached = eventfd(0, EFD_CLOEXEC);
	int fd = open_file(), other = open_file(), file = open("/init", O_RDONLY);
	const struct kexec_bpf_register good = { .ready_fd = ready, .attached_fd = attached };
	char bytes[64] = "";

	if (fd < 0 || other < 0 || file < 0)
		return 1;
	as_child("open-no-capability", child_opens_without_capability, 0);
	printf("register-short %d\n", result(write(fd, bytes, 15)));
	printf("register-long %d\n", result(write(fd, bytes, 17)));
	printf("register-version-0 %d\n", register_with(fd, 0, ready, attached, 0));
	printf("register-version-2 %d\n", register_with(fd, version + 1, ready, attached, 0));
	printf("register-no-descriptor %d\n", register_with(fd, version, -1, attached, 0));
	printf("register-closed-descriptor %d\n", register_with(fd, version, ready, 99, 0));
	printf("register-no-eventfd %d\n", register_with(fd, version, file, attached, 0));
	printf("register-no-eventfd-2 %d\n", register_with(fd, version, ready, file, 0));
	printf("register-timeout-99 %d\n", register_with(fd, version, ready, attached, 99));
	printf("register-timeout-60001 %d\n", register_with(fd, version, ready, attached, 60001));
	as_child("register-other-process", child_registers, fd);
	as_child("read-other-process", child_reads, fd);
	printf("register-timeout-100 %d\n", register_with(fd, version, ready, attached, 100));
	printf("register-twice %d\n", register_with(fd, version, ready, attached, 0));
	printf("register-second-session %d\n", register_with(other, version, ready, attached, 0));
	printf("read-idle %d\n", child_reads(fd));
	printf("read-no-cookie %d\n", result(pread(fd, bytes, 8, KEXEC_BPF_COOKIE_OFFSET)));
	printf("read-short-cookie %d\n", result(pread(fd, bytes, 7, KEXEC_BPF_COOKIE_OFFSET)));
	printf("read-uki-parser %d\n", result(pread(fd, bytes, 4, KEXEC_BPF_UKI_PARSER_OFFSET)));
	printf("read-past-parser %d\n",
	       result(pread(fd, bytes, 4, KEXEC_BPF_UKI_PARSER_OFFSET + (1 << 20))));
	printf("read-past-all %d\n", result(pread(fd, bytes, 4, 0x7fff000000000000)));
	printf("read-report-idle %d\n",
	       result(pread(fd, bytes, sizeof(struct kexec_bpf_report), KEXEC_BPF_REPORT_OFFSET)));
	close(fd);
	misuse_versions(other, good);
	printf("register-after-close %d\n", register_with(other, version, ready, attached, 60000));
	close(other);
	other = open_file();
	printf("register-3 %d\n", register_bytes(other, good, 3, KEXEC_BPF_REGISTER_BYTES_V3));
	return 0;
}
