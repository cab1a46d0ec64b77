// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a command and stops its main thread once, while another command, @what,
 * runs. @where is "bpf:N", at its bpf(2) number N, when it makes a parser ready,
 * or "read", when it is about to read the parser that the kernel asks for.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"

static int run_traced(char **command)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_lseek, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) || raise(SIGSTOP) ||
	    filter_calls(code, sizeof(code) / sizeof(code[0]))) {
		perror("trace");
		return 2;
	}
	execvp(command[0], command);
	perror(command[0]);
	return 2;
}

/* Returns whether a call goes to the start of the session's file. */
static bool reads_parser(pid_t child, const struct user_regs_struct *call)
{
	char link[64], path[sizeof(KEXEC_BPF_PROC_PATH) + 1];
	ssize_t size;

	if (call->orig_rax != SYS_lseek || call->rsi)
		return false;
	snprintf(link, sizeof(link), "/proc/%d/fd/%d", child, (int)call->rdi);
	size = readlink(link, path, sizeof(path));
	return size == sizeof(KEXEC_BPF_PROC_PATH) - 1 &&
	       !memcmp(path, KEXEC_BPF_PROC_PATH, size);
}

int brake(const char *what, const char *where, char **command)
{
	bool reading = !strcmp(where, "read");
	struct user_regs_struct call;
	int left = 1, status;
	pid_t child = fork();

	sscanf(where, "bpf:%d", &left);
	if (child == 0)
		_exit(run_traced(command));
	if (child < 0 || waitpid(child, &status, 0) < 0 ||
	    ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL)) {
		perror("trace");
		return 2;
	}
	while (!ptrace(PTRACE_CONT, child, NULL, NULL) && waitpid(child, &status, 0) == child &&
	       WIFSTOPPED(status)) {
		if (status >> 8 != (SIGTRAP | (PTRACE_EVENT_SECCOMP << 8)) ||
		    ptrace(PTRACE_GETREGS, child, NULL, &call))
			continue;
		if (reading ? reads_parser(child, &call) : call.orig_rax == SYS_bpf)
			if (--left == 0)
				printf("held %d\n", system(what));
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}
