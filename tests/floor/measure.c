// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * measure PROGRAM [ARGUMENT]...
 *
 * Runs the program and prints "WALL_US PEAK_RSS_KB STATUS" on descriptor 3,
 * which the guest's init has opened for messages to the harness.
 *
 * Since Linux 6.2 the kernel counts resident pages per CPU and in batches, so a
 * small program's ru_maxrss is 0. Therefore the program is stopped at its exit
 * and its pages are counted; the larger of the two numbers is printed.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long resident_kb(pid_t pid)
{
	char path[64], line[256];
	long kb = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	file = fopen(path, "r");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Rss: %ld", &kb) == 1)
			break;
	fclose(file);
	return kb;
}

static long long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
	long long start_us, end_us = 0;
	struct rusage usage;
	long peak_kb = 0;
	int status;
	pid_t child;

	if (argc < 2)
		return 2;
	start_us = now_us();
	child = fork();
	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	/* The stop after exec. */
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return 1;
	if (WIFSTOPPED(status)) {
		ptrace(PTRACE_SETOPTIONS, child, 0,
		       PTRACE_O_TRACEEXIT | PTRACE_O_TRACEEXEC |
			       PTRACE_O_EXITKILL);
		ptrace(PTRACE_CONT, child, 0, 0);
		for (;;) {
			int signal = 0;

			if (wait4(child, &status, 0, &usage) < 0)
				return 1;
			if (!WIFSTOPPED(status))
				break;
			if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8)) {
				end_us = now_us();
				peak_kb = resident_kb(child);
			} else if (!(status >> 16)) {
				/* A signal rather than a ptrace event. */
				signal = WSTOPSIG(status);
			}
			ptrace(PTRACE_CONT, child, 0, signal);
		}
		if (usage.ru_maxrss > peak_kb)
			peak_kb = usage.ru_maxrss;
	}
	if (!end_us)
		end_us = now_us();
	dprintf(3, "@@ measured %lld %ld %d\n", end_us - start_us, peak_kb,
		WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}
