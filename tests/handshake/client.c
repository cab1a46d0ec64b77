// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client that breaks the handshake where it is told to. Prints lines that
 * consist of a word and its value; errors are negative errnos.
 *
 *   client programs            prints how many BPF programs the kernel holds
 *   client misuse              tries every wrong way to open, register and read
 *   client kfunc               loads a program that calls a kfunc; no session
 *   client attached COMMAND    runs COMMAND with a program attached to the hook
 *   client hostile DIRECTORY   loads the files in it one by one: hostile.c
 *   client trace KIND FUNCTION VALUE COMMAND
 *                              runs COMMAND with a program attached: tracer.c
 *   client brake WHAT WHERE COMMAND...
 *                              runs COMMAND, which is stopped while WHAT runs:
 *                              brake.c
 *   client mortal COMMAND...   runs COMMAND, whose loading thread is killed:
 *                              mortal.c
 *   client plain IMAGE         kexec_file_load(2) without a session
 *   client load MS STEPS IMAGE [INITRD CMDLINE]
 *                              kexec_file_load(2) with a session whose timeout
 *                              is MS. Thread B registers it, does STEPS, which
 *                              are separated by commas, and waits until the
 *                              load has ended:
 *       fast       first only: the session asks to skip the digest; prints
 *                  the digest state of the report
 *       crash      first only: the image is for a panic
 *       unpack     first only, or after these: the session asks for an unpacked
 *                  initrd; prints what the report says about it
 *       prepare    the same: the session can have its parser ready before the
 *                  load; the next step is done before the load begins
 *       early      first only: signals attached_fd before the load begins
 *       ready      waits for ready_fd
 *       read       reads the parser
 *       attach     attaches a program that does nothing
 *       kfunc      attaches a program that calls a kfunc
 *       foreign    the same, without the session's cookie
 *       carry:FILE attaches a program that gives FILE, up to 64 KiB, as kernel
 *       slice:OFFSET:SIZE  attaches a program that gives a slice as kernel
 *       parts:OFFSET:SIZE:OFFSET:SIZE:ADDON:FILE  attaches a program that gives
 *                  one slice as kernel and one as initrd, and adds a PE addon
 *                  and a file; the paths have 7 bytes at most
 *       race:FILE  attaches a program that decompresses FILE again and again,
 *                  while another thread changes the bytes
 *       detach     detaches the program that was attached last
 *       pin:PATH   pins it instead, so that it stays attached
 *       signal     signals attached_fd
 *       close      closes the session
 *       closefds   closes both eventfds
 *       kill       sends SIGKILL to this process
 *       exit       ends thread B
 *       run:COMMAND  runs a command
 *   client time MS STEPS IMAGE does the same, and prints the report's times
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"

/* No load may take this long; if one does, the test fails. */
#define PATIENCE_MS	60000
#define CRASH		"crash,"
#define FAST		"fast,"
#define UNPACK		"unpack,"
#define EARLY		"early,"
#define PREPARE		"prepare,"

struct client {
	struct session session;
	unsigned int timeout_ms;
	unsigned int flags;	/* KEXEC_BPF_REGISTER_* */
	char *steps;
	sem_t opened;
	int open_error;
	int ended_fd;		/* eventfd: the system call has returned */
	int link;		/* the program that was attached last */
};

/* Loads with both initrd and cmdline, or with neither. */
static int load_as(const char *path, const char *initrd, const char *cmdline,
		   unsigned long flags)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int initrd_fd = initrd ? open(initrd, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0 || (initrd && initrd_fd < 0))
		return -errno;
	return syscall(SYS_kexec_file_load, fd, initrd_fd, cmdline ? strlen(cmdline) + 1 : 0UL,
		       cmdline, initrd ? flags : flags | KEXEC_FILE_NO_INITRAMFS) ?
	       -errno : 0;
}

static int load(const char *path, const char *initrd, const char *cmdline)
{
	return load_as(path, initrd, cmdline, 0);
}

static int run(const char *command)
{
	int status = system(command);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int attach(enum calls calls, __u64 cookie)
{
	int program = program_load(calls);

	return program < 0 ? program : program_attach(program, cookie);
}

/* Attaches a program that is made with the bytes of a file. */
static int attach_with(int (*program_load_with)(const void *bytes, __u32 size), const char *path,
		       __u64 cookie)
{
	static char bytes[64 << 10];
	int program, fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));

	if (size <= 0)
		return -errno;
	close(fd);
	program = program_load_with(bytes, size);
	return program < 0 ? program : program_attach(program, cookie);
}

static int attach_slice(const char *place, __u64 cookie)
{
	unsigned int offset, size;
	int program;

	if (sscanf(place, "%u:%u", &offset, &size) != 2)
		return -EINVAL;
	program = program_load_slice(offset, size);
	return program < 0 ? program : program_attach(program, cookie);
}

static int attach_parts(const char *places, __u64 cookie)
{
	unsigned int place[4];
	char addon[8] = "", file[8] = "";
	int program;

	if (sscanf(places, "%u:%u:%u:%u:%7[^:]:%7s", &place[0], &place[1], &place[2],
		   &place[3], addon, file) != 6)
		return -EINVAL;
	program = program_load_parts(place, addon, file);
	return program < 0 ? program : program_attach(program, cookie);
}

static void attached(struct client *client, const char *what, int link)
{
	client->link = link;
	printf("%s %d\n", what, link >= 0);
}

/* Returns whether the signal came before the load ended. */
static int wait_ready(struct client *client)
{
	struct pollfd fds[2] = {
		{ .fd = client->session.ready_fd, .events = POLLIN },
		{ .fd = client->ended_fd, .events = POLLIN },
	};

	poll(fds, 2, PATIENCE_MS);
	return !!(fds[0].revents & POLLIN);
}

static void step(struct client *client, const char *what)
{
	struct session *session = &client->session;
	const __u64 cookie = session_cookie(session);
	const uint64_t one = 1;

	if (!strcmp(what, "ready")) {
		printf("ready %d\n", wait_ready(client));
	} else if (!strcmp(what, "read")) {
		printf("read %d\n", session_read(session));
	} else if (!strcmp(what, "attach")) {
		attached(client, "attach", attach(CALLS_NOTHING, cookie));
	} else if (!strcmp(what, "kfunc")) {
		attached(client, "kfunc", attach(CALLS_KFUNC, cookie));
	} else if (!strcmp(what, "foreign")) {
		attached(client, "foreign", attach(CALLS_KFUNC, 0));
	} else if (!strncmp(what, "carry:", 6)) {
		attached(client, "carry", attach_with(program_load_carrier, what + 6, cookie));
	} else if (!strncmp(what, "slice:", 6)) {
		attached(client, "slice", attach_slice(what + 6, cookie));
	} else if (!strncmp(what, "parts:", 6)) {
		attached(client, "parts", attach_parts(what + 6, cookie));
	} else if (!strncmp(what, "race:", 5)) {
		attached(client, "race", attach_with(program_load_race, what + 5, cookie));
	} else if (!strcmp(what, "detach")) {
		close(client->link);
	} else if (!strncmp(what, "pin:", 4)) {
		printf("pin %d\n", program_pin(client->link, what + 4));
	} else if (!strcmp(what, "signal")) {
		printf("signal %zd\n", write(session->attached_fd, &one, sizeof(one)));
	} else if (!strcmp(what, "close")) {
		close(session->fd);
		session->fd = -1;
	} else if (!strcmp(what, "closefds")) {
		close(session->ready_fd);
		close(session->attached_fd);
	} else if (!strcmp(what, "kill")) {
		kill(getpid(), SIGKILL);
	} else if (!strcmp(what, "exit")) {
		pthread_exit(NULL);
	} else if (!strncmp(what, "run:", 4)) {
		printf("run %d\n", run(what + 4));
	} else {
		printf("unknown-step %s\n", what);
	}
}

static void *serve(void *context)
{
	struct client *client = context;
	char *save = NULL, *what;

	client->open_error = session_open(&client->session, client->timeout_ms, client->flags);
	if (!client->open_error && !strncmp(client->steps, EARLY, strlen(EARLY))) {
		client->steps += strlen(EARLY);
		step(client, "signal");
	}
	what = strtok_r(client->steps, ",", &save);
	if (!client->open_error && client->flags & KEXEC_BPF_REGISTER_EARLY) {
		step(client, what);
		what = strtok_r(NULL, ",", &save);
	}
	sem_post(&client->opened);
	if (client->open_error)
		return NULL;
	for (; what; what = strtok_r(NULL, ",", &save))
		step(client, what);
	poll(&(struct pollfd) { .fd = client->ended_fd, .events = POLLIN }, 1, PATIENCE_MS);
	return NULL;
}

/* Takes what the session asks for from the beginning of the steps. */
static void take_wish(struct client *client, const char *word, unsigned int flag)
{
	if (strncmp(client->steps, word, strlen(word)))
		return;
	client->steps += strlen(word);
	client->flags |= flag;
}

/* Arguments: MS STEPS IMAGE [INITRD CMDLINE] */
static int load_with_session(char **argument, bool times)
{
	struct client client = {
		.timeout_ms = atoi(argument[0]),
		.steps = argument[1],
		.ended_fd = eventfd(0, EFD_CLOEXEC),
		.link = -1,
	};
	unsigned long load_flags = 0;
	const uint64_t one = 1;
	pthread_t thread;
	int err;

	if (!strncmp(client.steps, CRASH, strlen(CRASH))) {
		client.steps += strlen(CRASH);
		load_flags = KEXEC_FILE_ON_CRASH;
	}
	take_wish(&client, FAST, KEXEC_BPF_REGISTER_NO_DIGEST);
	take_wish(&client, UNPACK, KEXEC_BPF_REGISTER_UNPACK_INITRD);
	take_wish(&client, PREPARE, KEXEC_BPF_REGISTER_EARLY);
	sem_init(&client.opened, 0, 0);
	pthread_create(&thread, NULL, serve, &client);
	sem_wait(&client.opened);
	if (client.open_error) {
		printf("session %d\n", client.open_error);
		return 1;
	}
	err = load_as(argument[2], argument[3], argument[3] ? argument[4] : NULL, load_flags);
	printf("load %d\n", err);
	if (write(client.ended_fd, &one, sizeof(one)) != sizeof(one))
		return 1;
	pthread_join(thread, NULL);
	session_report(&client.session, times, client.flags);
	return err != 0;
}

static int with_program_attached(const char *command)
{
	int link = attach(CALLS_NOTHING, 0);

	printf("attach %d\n", link >= 0);
	return link < 0 ? 1 : run(command);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int ret;

	setvbuf(stdout, NULL, _IONBF, 0);
	if (argc == 2 && !strcmp(what, "programs")) {
		printf("%d\n", program_count());
		return 0;
	}
	if (argc == 2 && !strcmp(what, "misuse"))
		return session_misuse();
	if (argc == 2 && !strcmp(what, "kfunc")) {
		ret = program_load(CALLS_KFUNC);
		printf("load %d\n", ret);
		return ret < 0;
	}
	if (argc == 3 && !strcmp(what, "attached"))
		return with_program_attached(argv[2]);
	if (argc == 6 && !strcmp(what, "trace"))
		return tracer(argv[2], argv[3], argv[4], argv[5]);
	if (argc > 4 && !strcmp(what, "brake"))
		return brake(argv[2], argv[3], argv + 4);
	if (argc > 2 && !strcmp(what, "mortal"))
		return mortal(argv + 2);
	if (argc == 3 && !strcmp(what, "hostile"))
		return hostile(argv[2]);
	if (argc == 3 && !strcmp(what, "plain")) {
		ret = load(argv[2], NULL, NULL);
		printf("load %d\n", ret);
		return ret != 0;
	}
	if ((argc == 5 || argc == 7) && (!strcmp(what, "load") || !strcmp(what, "time")))
		return load_with_session(argv + 2, !strcmp(what, "time"));
	fputs("usage: see the top of client.c\n", stderr);
	return 2;
}
