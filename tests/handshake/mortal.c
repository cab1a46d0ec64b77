// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a command in which any thread that calls kexec_file_load(2) with a file
 * is killed, without the rest of its process, as the kernel does after an oops
 * in a system call. The command's probe of the system call, without a file, is
 * allowed.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client.h"

#define NO_FILE		0xffffffffU
#define LOAD(field)							\
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define SKIP(count, unless)						\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unless), 0, (count))

int filter_calls(struct sock_filter *code, unsigned short count)
{
	struct sock_fprog filter = {
		.len = count,
		.filter = code,
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

int mortal(char **command)
{
	struct sock_filter code[] = {
		LOAD(nr),
		SKIP(3, SYS_kexec_file_load),
		LOAD(args[0]),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NO_FILE, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	if (filter_calls(code, sizeof(code) / sizeof(code[0]))) {
		perror("seccomp");
		return 2;
	}
	execvp(command[0], command);
	perror(command[0]);
	return 2;
}
