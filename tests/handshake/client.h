/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A client of /proc/kexec_bpf that breaks the handshake where it is told to. */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>

#include "kexec_bpf.h"

/* btf.c: type information of the loaded module, and of the kernel. Negative: an errno. */
int btf_module_fd(void);
int btf_function_id(const char *name);
int btf_kernel_function_id(const char *name);

/*
 * program.c: a program for the hook, fit to be a parser or not. With KFUNC it
 * calls bpf_helper_read(). Descriptors, or negative errnos.
 */
enum calls { CALLS_NOTHING, CALLS_KFUNC };
int program_load(enum calls calls);
/* One that gives these bytes as the kernel, by bpf_helper_carrier(). */
int program_load_carrier(const void *kernel, __u32 size);
/* One that asks for this PE addon; the path has 7 bytes at most. */
int program_load_addon(const char path[8]);
/* One that gives a slice of the image as the kernel. */
int program_load_slice(__u32 offset, __u32 size);
/* One that decompresses these bytes many times, while a thread changes them. */
int program_load_race(const void *bytes, __u32 size);
int program_attach(int program_fd);
int program_pin(int link_fd, const char *path);
/* How many BPF programs the kernel holds. */
int program_count(void);

/* session.c */
struct session {
	int fd;
	int ready_fd;
	int attached_fd;
};

int session_open(struct session *session, unsigned int timeout_ms, unsigned int flags);
/* Reads the parser; its size, or a negative errno. */
int session_read(const struct session *session);
/* Negative: an errno. */
int session_read_report(const struct session *session, struct kexec_bpf_report *report);
/* With times: how many rounds, and milliseconds of all handshakes and of the load. */
/* With flags: also whether the digest was left out. */
void session_report(const struct session *session, bool times, unsigned int flags);
/* Every wrong way to open, register and read; prints "name errno" lines. */
int session_misuse(void);

/* hostile.c: loads each file of a directory; see there. */
int hostile(const char *directory);

/* tracer.c: runs a command while a program is attached to a function; see there. */
int tracer(const char *kind, const char *function, const char *value, const char *command);

/* mortal.c: the filter for this thread, and for all that it begins: 0, or -1 and errno. */
struct sock_filter;
int filter_calls(struct sock_filter *code, unsigned short count);

/* brake.c: runs a command that is held at its first bpf(2); see there. */
int brake(const char *ms, char **command);

/* mortal.c: runs a command whose loading thread is killed; see there. */
int mortal(char **command);

#endif /* CLIENT_H */
