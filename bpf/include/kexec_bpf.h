/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interface between the kexec_bpf module, the parser programs that boot
 * images carry, and the loader in user space. This file is its only definition:
 * the module, BPF programs and user space C include it, and the Rust binding
 * asserts the same sizes and offsets.
 *
 * Flow of one load (RFC "kexec: Use bpf to allow kexec to load PE format boot
 * image"); thread A loads, thread B serves the parser:
 *
 *  1. Open /proc/kexec_bpf (CAP_SYS_BOOT). Each open file is one session, which
 *     belongs to the process that opened it.
 *  2. Write one struct kexec_bpf_register: the two eventfds and the timeout.
 *     The thread that writes it is thread B, until another thread reads a
 *     parser and becomes thread B. With KEXEC_BPF_REGISTER_NO_PARSER, for loads
 *     that need no parser, there is no step 4. With KEXEC_BPF_REGISTER_EARLY,
 *     the process can load, fill and attach the parser that it expects now.
 *  3. A calls kexec_file_load(2) with the whole PE image. The kernel verifies
 *     its signature as for any kernel.
 *  4. In each round the module signals ready_fd and waits. B detaches what it
 *     attached for the previous round, reads the parser from offset 0 of the
 *     session file until it gets 0 bytes, loads it, fills the maps, attaches
 *     it, and writes 1 to attached_fd. If, in the first round, the parser is
 *     the one that was attached in step 2, only the last of these steps is
 *     left; if it is another one, B detaches that one first. If the kernel that
 *     the parser named is itself an image that needs a parser, another round
 *     follows.
 *  5. After kexec_file_load(2) has returned, B detaches the parser. pread(2) at
 *     KEXEC_BPF_REPORT_OFFSET returns the module's report of the load.
 *
 * Versions. The module speaks versions KEXEC_BPF_ABI_VERSION_MIN to
 * KEXEC_BPF_ABI_VERSION, and in each session the one that it registered with. A
 * later version only appends to the structs, so a struct of an earlier version
 * is the beginning of the later one.
 *
 * While a load waits for thread B, the kernel's kexec lock is held: nobody else
 * can load an image, and a panic does not start the capture kernel. So the wait
 * is bounded: it ends when the time for all rounds together has expired, and
 * within 100 ms after thread B or its process has ended. A parser that does not
 * return cannot be stopped; once the time has expired, its calls fail.
 *
 * Errors of the session file:
 *  open      EPERM   no CAP_SYS_BOOT
 *  write     EINVAL  wrong size, version, flags or timeout; a descriptor that
 *                    is not an eventfd; reserved fields that are not 0
 *            EBADF   descriptor not open
 *            EBUSY   this session, or another one of this process, is already
 *                    registered
 *            EPERM   the caller is not the process that opened the file
 *  read      ENODATA no load of this session is waiting for a parser
 *            EINVAL  at KEXEC_BPF_REPORT_OFFSET: less than version 3's report;
 *                    at KEXEC_BPF_COOKIE_OFFSET: not 8 bytes
 *            EPERM   as for write
 *  pread     ENODATA at KEXEC_BPF_REPORT_OFFSET: no load was made yet, or the
 *            kernel took the image as it is, without a parser, and the session
 *            has no flags; at KEXEC_BPF_COOKIE_OFFSET: the session has none
 *
 * Properties of the module, each a text file in KEXEC_BPF_PARAMETERS_DIR:
 *  ../version       version of the module
 *  abi_version      oldest version spoken, decimal. Programs of version 3 read
 *                   no other file for it, and go on only if it says 3
 *  abi_versions     all versions spoken, separated by one space: "3 4". If this
 *                   file does not exist, abi_version is the only one
 *  register_flags   known bits of kexec_bpf_register.flags, from the first on,
 *                   separated by one space: "no_digest no_parser
 *                   unpack_initrd early". If this file does not exist but "digest"
 *                   does, they are the first two
 *  decompressors    formats, separated by one space: "gzip zstd xz lz4 lzo"
 *  default_parsers  formats of the module's own parsers: "uki zboot"
 *  timeout_ms       used when a session registers with timeout_ms 0; writable
 *  enforce          "Y": until reboot, the kernel loads only what this module
 *                   took from an image whose PE signature the kernel verified;
 *                   "N": no restriction beyond the kernel's own. Writing a true
 *                   value turns enforce on (EBUSY while an image is loaded or a
 *                   load is under way). A false value then fails with EPERM
 *  digest           which loads for a reboot have the kernel's SHA-256 over
 *                   their segments: "auto", all but those whose session asks
 *                   for none; "always", all; "never", none, not even those
 *                   of programs that do not know this module. Loads for a
 *                   panic always have it. Writable. On a kernel where segments
 *                   cannot be left out it is "always", and any other value
 *                   fails with EOPNOTSUPP
 */
#ifndef KEXEC_BPF_H
#define KEXEC_BPF_H

#include <linux/types.h>

#define KEXEC_BPF_ABI_VERSION		4
#define KEXEC_BPF_ABI_VERSION_MIN	3

#define KEXEC_BPF_PROC_NAME		"kexec_bpf"
#define KEXEC_BPF_PROC_PATH		"/proc/kexec_bpf"
#define KEXEC_BPF_PARAMETERS_DIR	"/sys/module/kexec_bpf/parameters"

/* The function that a parser attaches to, as "fentry.s/" HOOK_NAME. */
#define KEXEC_BPF_HOOK_NAME		"kexec_pe_parser_hook"

/*
 * The section of a PE image that contains its parser, a BPF object file. An ELF
 * file for the machine is none (upstream's series has the kernel load such
 * parsers); if the image is a UKI or zboot, the module's own parser opens it.
 */
#define KEXEC_BPF_SECTION		".bpf"

/* Limits */
#define KEXEC_BPF_TIMEOUT_MIN_MS	100
#define KEXEC_BPF_TIMEOUT_DEFAULT_MS	5000
#define KEXEC_BPF_TIMEOUT_MAX_MS	60000
#define KEXEC_BPF_ROUNDS_MAX		4
#define KEXEC_BPF_PARSER_MAX_BYTES	(1 << 20)
#define KEXEC_BPF_CMDLINE_MAX_BYTES	(64 << 10)
#define KEXEC_BPF_SECTIONS_MAX		1024
#define KEXEC_BPF_ADDONS_MAX		512
#define KEXEC_BPF_ADDON_MAX_BYTES	0x7fffffff	/* kernel's limit for a file */
#define KEXEC_BPF_OUTPUT_MAX_BYTES	(1 << 30)
#define KEXEC_BPF_DST_DIR_BYTES		64
#define KEXEC_BPF_PATH_BYTES		960
#define KEXEC_BPF_REASON_BYTES		256

/* Resources */
#define KEXEC_BPF_IMAGE			"image"
#define KEXEC_BPF_KERNEL		"kernel"
#define KEXEC_BPF_INITRD		"initrd"
#define KEXEC_BPF_CMDLINE		"cmdline"

/* bpf_helper_carrier()'s "in": the direction as seen from the program. */
#define KEXEC_BPF_OUT			0	/* BPF memory -> resource */
#define KEXEC_BPF_IN			1	/* resource -> BPF memory */

/* Written to the session file once; version 3 writes the first 16 bytes. */
struct kexec_bpf_register {
	__u32 abi_version;	/* of this session */
	__s32 ready_fd;		/* eventfd; the module adds 1 for a parser */
	__s32 attached_fd;	/* eventfd; thread B adds 1 when attached */
	__u32 timeout_ms;	/* for all rounds of a load; 0: the module's default */
	/* version 4 */
	__u32 flags;		/* KEXEC_BPF_REGISTER_* */
	__u32 reserved[11];	/* 0 */
};

/*
 * kexec_bpf_register.flags. A module without the parameter "digest" knows none
 * of them: EINVAL. They apply to all loads of the process until the session is
 * closed. Loads of plain kernels, which need no parser, then have a report,
 * too.
 *
 * NO_DIGEST: loads for a reboot leave their segments out of the SHA-256 that
 * the kernel computes at the load and purgatory verifies at the jump, before
 * the next kernel runs. Most of the time of both goes into that. Without the
 * check, a device that still writes to memory at the jump damages the next
 * kernel; with it, the machine hangs silently. Loads for a panic always have
 * the digest.
 *
 * NO_PARSER: this session serves no parser. ready_fd and attached_fd are -1,
 * timeout_ms is 0, and an image that needs a parser is refused as if this
 * module were not there.
 *
 * UNPACK_INITRD: the module decompresses the archives of the initrd, so that the
 * next kernel need not. A module without the parameter "register_flags" does not
 * know this flag. It applies to images that a parser opens, and to their whole
 * initrd: their own, that of addons, and the one that user space passes with
 * them. The kernel opens plain kernels itself, so their initrd is not touched,
 * and NO_PARSER excludes this flag (EINVAL).
 *
 * The signature and the LSMs are asked about the packed bytes. The next kernel
 * gets the same files. An archive that no decoder here takes as that kernel's
 * would, or that is damaged, stays packed, and so does everything after it (and
 * the stream before it, if there is no multiple of 4 bytes between them). The
 * next kernel looks for files in "kernel/" (microcode, ACPI tables) before it
 * unpacks anything, up to the first compressed byte. An archive with such files
 * stays packed. Where an uncompressed archive with such files, or one that is
 * damaged, comes after a compressed one, the whole initrd stays packed.
 *
 * Memory must have room for what is unpacked, for a copy of the whole initrd,
 * which the kernel makes, and for 64 MiB more. If it has not, the load ends
 * with ENOMEM, and the reason has the numbers; more than
 * KEXEC_BPF_OUTPUT_MAX_BYTES are E2BIG. The next kernel has the initrd and its
 * files in memory at once. The kexec lock is held while archives are
 * decompressed; a killed loader stops.
 *
 * Loads for a panic ignore the flag, and the report says so. Their memory was
 * reserved for the packed size, and a capture kernel has little to unpack into.
 *
 * EARLY: the process may load and attach a parser before the load, so that the
 * kexec lock is not held meanwhile. It attaches parsers by BPF_LINK_CREATE with
 * the session's cookie, which pread(2) at KEXEC_BPF_COOKIE_OFFSET returns, a
 * __u64. In loads of this session only calls by programs with this cookie
 * count, and in all other loads they do not: an attached program runs there,
 * too, uses up the time of that load, and all of its calls fail with EPERM. So
 * that its variables are fresh, a program is loaded anew for each load, and it
 * must not write to them before one of its calls has succeeded. The cookie
 * keeps loads from disturbing each other by accident; it is no secret from
 * root. Without the flag the cookie is 0, as for programs that are attached
 * without one, and only a process whose load waits can load a parser. A module
 * that does not list "early" in the parameter "register_flags" does not know
 * this flag, and NO_PARSER excludes it (EINVAL).
 */
#define KEXEC_BPF_REGISTER_NO_DIGEST	0x1
#define KEXEC_BPF_REGISTER_NO_PARSER	0x2
#define KEXEC_BPF_REGISTER_UNPACK_INITRD	0x4
#define KEXEC_BPF_REGISTER_EARLY	0x8

#define KEXEC_BPF_REGISTER_BYTES_V3	16

/*
 * Maps of a parser, which thread B fills before it attaches the parser; a
 * parser may have none, one or both. They are arrays with 4-byte keys:
 * "selection" has 1 struct kexec_bpf_selection, "addons" has
 * KEXEC_BPF_ADDONS_MAX of struct kexec_bpf_addon.
 */
#define KEXEC_BPF_MAP_SELECTION		"selection"
#define KEXEC_BPF_MAP_ADDONS		"addons"

/* The command line passed to kexec_file_load(2) replaces the image's own. */
#define KEXEC_BPF_SELECT_REPLACE_CMDLINE	0x1

struct kexec_bpf_selection {
	__u32 profile;		/* number of the UKI profile, from 0 */
	__u32 flags;		/* KEXEC_BPF_SELECT_* */
	__u32 reserved[2];	/* 0 */
};

/*
 * One file to add. If dst_dir is empty, the file is a PE addon, of which
 * .cmdline, .initrd and .ucode are used. Otherwise it becomes
 * dst_dir/basename(path) in the initrd, whatever it contains; dst_dir is
 * relative, such as ".extra/credentials". path is absolute, as thread A's
 * process sees it. Both strings are NUL-terminated. The first entry with an
 * empty path ends the list. systemd-stub puts files before the initrds of PE
 * addons. Thread B orders this list in the same way, and so should a parser its
 * calls of bpf_helper_supplement_initrd().
 */
struct kexec_bpf_addon {
	char dst_dir[KEXEC_BPF_DST_DIR_BYTES];
	char path[KEXEC_BPF_PATH_BYTES];
};

/*
 * The module's report of the session's last load:
 * pread(fd, &report, sizeof(report), KEXEC_BPF_REPORT_OFFSET).
 */
#define KEXEC_BPF_REPORT_OFFSET		(1LL << 32)

/* With KEXEC_BPF_REGISTER_EARLY: where pread(2) returns the session's cookie. */
#define KEXEC_BPF_COOKIE_OFFSET		(2LL << 32)

/*
 * Where pread(2) returns the module's own parsers, for
 * KEXEC_BPF_REGISTER_EARLY, until it returns 0 bytes.
 */
#define KEXEC_BPF_UKI_PARSER_OFFSET	(3LL << 32)
#define KEXEC_BPF_ZBOOT_PARSER_OFFSET	(4LL << 32)

/*
 * How far the load got; KEXEC_BPF_STAGE_LOADED if error is 0. The module does
 * not see what kexec_file_load(2) returns. Where the kernel itself ended the
 * load (in PROBE, SIGNATURE, READ or SEGMENTS), the errno of that call is the
 * cause, and error is only a stand-in for it. Nor does the module see a load
 * that ends while the kernel reads the image: the report is then still that of
 * the load before.
 */
enum kexec_bpf_stage {
	KEXEC_BPF_STAGE_PROBE = 1,	/* choosing who opens the image */
	KEXEC_BPF_STAGE_SIGNATURE = 2,	/* the kernel's, under lockdown */
	KEXEC_BPF_STAGE_READ = 3,	/* initrd, command line; or SIGNATURE */
	KEXEC_BPF_STAGE_HANDSHAKE = 4,	/* waiting for thread B */
	KEXEC_BPF_STAGE_PARSE = 5,	/* running the parser; its calls */
	KEXEC_BPF_STAGE_RULES = 6,	/* the security rules */
	KEXEC_BPF_STAGE_ASSEMBLE = 7,	/* joining initrd and command line */
	KEXEC_BPF_STAGE_ARCH = 8,	/* the kernel's bzImage loader */
	KEXEC_BPF_STAGE_LOADED = 9,
	/* After ARCH: placing, digest, memory. Version 3 reports ARCH. */
	KEXEC_BPF_STAGE_SEGMENTS = 10
};

/* Source of a round's parser. */
enum kexec_bpf_parser {
	KEXEC_BPF_PARSER_NONE = 0,
	KEXEC_BPF_PARSER_IMAGE = 1,	/* the image's .bpf section */
	KEXEC_BPF_PARSER_UKI = 2,	/* the module's own */
	KEXEC_BPF_PARSER_ZBOOT = 3	/* the module's own */
};

/* kexec_bpf_resource.flags */
#define KEXEC_BPF_RESOURCE_SLICE	0x1	/* a range of the image's own bytes */
#define KEXEC_BPF_RESOURCE_DECOMPRESSED	0x2	/* by the kernel, from the image */
#define KEXEC_BPF_RESOURCE_TAINTED	0x4	/* came from BPF memory */
#define KEXEC_BPF_RESOURCE_ADDON	0x8	/* has parts of addons, added files */
#define KEXEC_BPF_RESOURCE_USER		0x10	/* has what user space passed */
#define KEXEC_BPF_RESOURCE_IN_PLACE	0x20	/* joined, without copying the largest part */
#define KEXEC_BPF_RESOURCE_COPIED	0x40	/* joined, by copying all parts */
#define KEXEC_BPF_RESOURCE_UNPACKED	0x80	/* archives of it were decompressed */

struct kexec_bpf_resource {
	__u64 offset;		/* of the first part, in the round's image */
	__u64 size;		/* bytes, all parts */
	__u32 flags;		/* KEXEC_BPF_RESOURCE_* */
	__u32 parts;		/* 0: the resource was not named */
};

struct kexec_bpf_round {
	__u32 parser;		/* enum kexec_bpf_parser */
	__u32 calls;		/* kfunc calls by the parser */
	__u64 image_size;	/* bytes */
	__u64 handshake_us;	/* from ready_fd's signal to attached_fd's */
	__u64 hook_us;		/* run time of the parser */
	struct kexec_bpf_resource kernel;
	struct kexec_bpf_resource initrd;	/* state after this round */
	__u64 cmdline_size;	/* bytes, state after this round */
};

#define KEXEC_BPF_REPORT_LOCKDOWN	0x1	/* lockdown forbids unsigned images */
#define KEXEC_BPF_REPORT_ENFORCE	0x2	/* the module's parameter enforce is Y */

/*
 * Values of kexec_bpf_report.digest: whether the segments were left out of the
 * kernel's SHA-256.
 */
enum kexec_bpf_digest {
	KEXEC_BPF_DIGEST_UNKNOWN = 0,	/* the load did not get that far */
	KEXEC_BPF_DIGEST_LEFT_OUT = 1,
	KEXEC_BPF_DIGEST_KEPT = 2,	/* kept: nobody asked otherwise */
	KEXEC_BPF_DIGEST_CRASH = 3,	/* kept: the image is for a panic */
	KEXEC_BPF_DIGEST_ALWAYS = 4,	/* kept: the module's parameter digest says so */
	KEXEC_BPF_DIGEST_UNABLE = 5	/* kept: not possible on this kernel */
};

/*
 * Values of kexec_bpf_report.unpack. From CRASH on: why the initrd still has
 * compressed archives. The reason is that of the first one.
 */
enum kexec_bpf_unpack {
	KEXEC_BPF_UNPACK_NONE = 0,	/* not asked for, or not got that far */
	KEXEC_BPF_UNPACK_ALL = 1,	/* no archive is compressed any more */
	KEXEC_BPF_UNPACK_CRASH = 2,	/* not done: the image is for a panic */
	KEXEC_BPF_UNPACK_FORMAT = 3,	/* no decoder here takes it as the kernel would */
	KEXEC_BPF_UNPACK_DAMAGED = 4,	/* damaged, or no newc archive is in it */
	KEXEC_BPF_UNPACK_EARLY = 5	/* files for the kernel's start are in it, or after it */
};

/* kexec_bpf_report.signature if the kernel has not checked the signature. */
#define KEXEC_BPF_SIGNATURE_UNCHECKED	1

struct kexec_bpf_report {
	__u32 abi_version;
	__s32 error;		/* 0 or a negative errno */
	__u32 stage;		/* enum kexec_bpf_stage */
	__u32 rounds;		/* number of entries used in round[] */
	__s32 signature;	/* 0 verified, negative errno, or UNCHECKED */
	__u32 flags;		/* KEXEC_BPF_REPORT_* */
	__u64 load_us;		/* from the probe to the end of the load */
	struct kexec_bpf_round round[KEXEC_BPF_ROUNDS_MAX];
	struct kexec_bpf_resource kernel;	/* as the arch loader got it */
	struct kexec_bpf_resource initrd;
	__u64 cmdline_size;	/* bytes without the NUL */
	__u32 addons;		/* added by bpf_helper_supplement_initrd() */
	__u32 size;		/* bytes of this struct that the module knows; 0 in version 3 */
	struct kexec_bpf_addon addon;	/* failed the load; or no path */
	char reason[KEXEC_BPF_REASON_BYTES];	/* for error; NUL-terminated */
	/* version 4 */
	__u32 timeout_ms;	/* for all rounds of the load */
	__u32 digest;		/* enum kexec_bpf_digest */
	__u64 packed_size;	/* bytes of the initrd before it was unpacked; or 0 */
	__u32 unpack;		/* enum kexec_bpf_unpack */
	__u32 reserved_one;	/* 0 */
	__u64 reserved_more[29];	/* 0 */
};

#define KEXEC_BPF_REPORT_BYTES_V3	1728

#define KEXEC_BPF_ASSERT(expr)	_Static_assert(expr, #expr)

KEXEC_BPF_ASSERT(sizeof(struct kexec_bpf_register) == 64);
KEXEC_BPF_ASSERT(__builtin_offsetof(struct kexec_bpf_register, ready_fd) == 4);
KEXEC_BPF_ASSERT(__builtin_offsetof(struct kexec_bpf_register, attached_fd) == 8);
KEXEC_BPF_ASSERT(__builtin_offsetof(struct kexec_bpf_register, timeout_ms) == 12);
KEXEC_BPF_ASSERT(__builtin_offsetof(struct kexec_bpf_register, flags) ==
		 KEXEC_BPF_REGISTER_BYTES_V3);
KEXEC_BPF_ASSERT(sizeof(struct kexec_bpf_selection) == 16);
KEXEC_BPF_ASSERT(sizeof(struct kexec_bpf_addon) == 1024);
KEXEC_BPF_ASSERT(sizeof(struct kexec_bpf_resource) == 24);
KEXEC_BPF_ASSERT(sizeof(struct kexec_bpf_round) == 88);
KEXEC_BPF_ASSERT(__builtin_offsetof(struct kexec_bpf_round, kernel) == 32);
KEXEC_BPF_ASSERT(__builtin_offsetof(struct kexec_bpf_report, load_us) == 24);
KEXEC_BPF_ASSERT(__builtin_offsetof(struct kexec_bpf_report, round) == 32);
KEXEC_BPF_ASSERT(__builtin_offsetof(struct kexec_bpf_report, kernel) == 384);
KEXEC_BPF_ASSERT(__builtin_offsetof(struct kexec_bpf_report, addon) == 448);
KEXEC_BPF_ASSERT(__builtin_offsetof(struct kexec_bpf_report, reason) == 1472);
KEXEC_BPF_ASSERT(__builtin_offsetof(struct kexec_bpf_report, timeout_ms) ==
		 KEXEC_BPF_REPORT_BYTES_V3);
KEXEC_BPF_ASSERT(__builtin_offsetof(struct kexec_bpf_report, packed_size) == 1736);
KEXEC_BPF_ASSERT(sizeof(struct kexec_bpf_report) == 1984);

#include "kexec_bpf_kfuncs.h"

#endif /* KEXEC_BPF_H */
