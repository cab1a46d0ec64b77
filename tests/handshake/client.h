/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A client of /proc/kexec_bpf that breaks the handshake where it is told to. */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>

#include "kexec_bpf.h"

/* btf.c: BTF of the loaded module and of the kernel. Negative: an errno. */
int btf_module_fd(void);
int btf_function_id(const char *name);
int btf_kernel_function_id(const char *name);

/*
 * program.c: loads a program for the hook. With CALLS_KFUNC it calls
 * bpf_helper_read(). All return descriptors or negative errnos.
 */
enum calls { CALLS_NOTHING, CALLS_KFUNC };
int program_load(enum calls calls);
/* Gives these bytes as the kernel, by bpf_helper_carrier(). */
int program_load_carrier(const void *kernel, __u32 size);
/* Adds this PE addon; the path has 7 bytes at most. */
int program_load_addon(const char path[8]);
/* Gives a slice of the image as the kernel. */
int program_load_slice(__u32 offset, __u32 size);
/*
 * Gives slices of the image as kernel and as initrd, @place being offset and
 * size of each, and adds a file, in the directory "added", and a PE addon.
 */
int program_load_parts(const unsigned int place[4], const char addon[8], const char file[8]);
/* Decompresses these bytes many times, while a thread changes them. */
int program_load_race(const void *bytes, __u32 size);
int program_attach(int program_fd, __u64 cookie);
int program_pin(int link_fd, const char *path);
/* Returns the number of BPF programs in the kernel. */
int program_count(void);

/* session.c */
struct session {
	int fd;
	int ready_fd;
	int attached_fd;
};

int session_open(struct session *session, unsigned int timeout_ms, unsigned int flags);
/* Returns the cookie for the session's programs; 0 if it has none. */
__u64 session_cookie(const struct session *session);
/* Reads the parser. Returns its size, or a negative errno. */
int session_read(const struct session *session);
/* Returns the size of the report, or a negative errno. */
int session_read_report(const struct session *session, struct kexec_bpf_report *report);
/*
 * Prints the report; with @times also the number of rounds, and how many
 * milliseconds all handshakes and the load took; with @flags also the results
 * of what they ask for.
 */
void session_report(const struct session *session, bool times, unsigned int flags);
/* Tries each wrong way to open, register and read; prints NAME ERRNO lines. */
int session_misuse(void);

/* hostile.c: loads each file in a directory; see there. */
int hostile(const char *directory);

/* tracer.c: runs a command with a program attached to a function; see there. */
int tracer(const char *kind, const char *function, const char *value, const char *command);

/*
 * mortal.c: sets a seccomp filter for this thread and those it starts. Returns
 * 0, or -1 and sets errno.
 */
struct sock_filter;
int filter_calls(struct sock_filter *code, unsigned short count);

/* brake.c: runs a command that is stopped while another one runs; see there. */
int brake(const char *what, const char *where, char **command);

/* mortal.c: runs a command whose loading thread is killed; see there. */
int mortal(char **command);

#endif /* CLIENT_H */
