// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a command and stops its main thread for a while at its first bpf(2), so
 * that a parser is late even on a fast machine.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"

static int run_traced(char **command)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 1),
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

int brake(const char *ms, char **command)
{
	bool held = false;
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(run_traced(command));
	if (child < 0 || waitpid(child, &status, 0) < 0 ||
	    ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL)) {
		perror("trace");
		return 2;
	}
	while (!ptrace(PTRACE_CONT, child, NULL, NULL) && waitpid(child, &status, 0) == child &&
	       WIFSTOPPED(status)) {
		if (!held && status >> 8 == (SIGTRAP | (PTRACE_EVENT_SECCOMP << 8))) {
			held = true;
			usleep(atoi(ms) * 1000);
		}
	}
	printf("held %d\n", held);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}
