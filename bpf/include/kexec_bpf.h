/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interface between the kexec_bpf module, the parser programs that travel
 * in boot images, and the loader in user space. This file is its only
 * definition: module, BPF and user space C include it, the Rust binding
 * asserts the same sizes and offsets.
 *
 * Flow of one load (RFC "kexec: Use bpf to allow kexec to load PE format boot
 * image"); thread A loads, thread B serves the parser:
 *
 *  1. open /proc/kexec_bpf (CAP_SYS_BOOT). One open file is one session. It
 *     belongs to the process that opened it.
 *  2. write one struct kexec_bpf_register: the two eventfds and the timeout. The
 *     thread that writes it, and later whichever reads a parser, is thread B. Where
 *     no parser is needed, KEXEC_BPF_REGISTER_NO_PARSER leaves out 4.
 *  3. A calls kexec_file_load(2) with the whole PE image. The kernel verifies
 *     its signature as for any kernel.
 *  4. For each round the module signals ready_fd and waits. B detaches what it
 *     attached for the round before, reads the parser from offset 0 of the
 *     session file until it gets 0 bytes, loads it, fills the maps, attaches
 *     it, and writes 1 to attached_fd. A round follows when the parser named a
 *     kernel that is itself an image which needs a parser.
 *  5. After kexec_file_load returns, B detaches.
 *     pread(KEXEC_BPF_REPORT_OFFSET) tells the kernel's side of the story.
 *
 * Versions. The module speaks versions KEXEC_BPF_ABI_VERSION_MIN to
 * KEXEC_BPF_ABI_VERSION, and each session the one that it registers with. A later
 * version only appends to the structs, so that those of an earlier one are their
 * beginning.
 *
 * While a load waits for thread B the kernel's kexec lock is held: nobody else
 * can load, and a panic starts no crash kernel. So the wait ends soon: when the
 * time for all rounds together is over, and within 100 ms when thread B or the
 * process is gone. A parser that does not end by itself cannot be ended; from
 * then on its calls fail.
 *
 * Errors of the session file:
 *  open      EPERM   no CAP_SYS_BOOT
 *  write     EINVAL  wrong size, version, flags or timeout; no eventfd; reserved not 0
 *            EBADF   no such descriptor
 *            EBUSY   this session, or another of this process, is registered already
 *            EPERM   another process than the one that opened the file
 *  read      ENODATA no load of this session waits for a parser
 *            EINVAL  at KEXEC_BPF_REPORT_OFFSET: less than version 3's report
 *            EPERM   as above
 *  pread     ENODATA at KEXEC_BPF_REPORT_OFFSET: no load was made yet, or the
 *            kernel took the image as it is, without a parser, and the session has no
 *            flags
 *
 * Facts about the module, one file each in KEXEC_BPF_FACTS_DIR, all text:
 *  ../version       the module's version
 *  abi_version      the oldest version spoken, decimal. Programs of version 3 know no
 *                   other file for it, and go on only if it is theirs
 *  abi_versions     all versions spoken, separated by one space: "3 4". Where there
 *                   is no such file, abi_version is the only one
 *  decompressors    names separated by one space: "gzip zstd xz lz4 lzo"
 *  default_parsers  parsers that the module carries: "uki zboot"
 *  timeout_ms       used when a session registers with timeout_ms 0; can be written
 *  enforce          "Y": until reboot the kernel loads nothing but what this module
 *                   opened out of an image whose PE signature it verified; "N": as the
 *                   kernel alone does. A true value can be written once: EBUSY while an
 *                   image is loaded or a load is under way. A false one is EPERM then
 *  digest           which loads for a reboot leave their segments out of the kernel's
 *                   SHA-256: "auto", those whose session asks for it; "always", none;
 *                   "never", all, also of those who do not know this module. Loads for a
 *                   panic always have it. Can be written; where this kernel does not let it
 *                   be left out, it is "always", and all else is EOPNOTSUPP
 */
#ifndef KEXEC_BPF_H
#define KEXEC_BPF_H

#include <linux/types.h>

#define KEXEC_BPF_ABI_VERSION		4
#define KEXEC_BPF_ABI_VERSION_MIN	3

#define KEXEC_BPF_PROC_NAME		"kexec_bpf"
#define KEXEC_BPF_PROC_PATH		"/proc/kexec_bpf"
#define KEXEC_BPF_FACTS_DIR		"/sys/module/kexec_bpf/parameters"

/* The function that a parser attaches to, as "fentry.s/" HOOK_NAME. */
#define KEXEC_BPF_HOOK_NAME		"kexec_pe_parser_hook"

/* The section of a PE image that holds its parser, a BPF object file. */
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
#define KEXEC_BPF_ADDON_MAX_BYTES	0x7fffffff	/* as the kernel reads any file */
#define KEXEC_BPF_OUTPUT_MAX_BYTES	(1 << 30)
#define KEXEC_BPF_DST_DIR_BYTES		64
#define KEXEC_BPF_PATH_BYTES		960
#define KEXEC_BPF_REASON_BYTES		256

/* Resources */
#define KEXEC_BPF_IMAGE			"image"
#define KEXEC_BPF_KERNEL		"kernel"
#define KEXEC_BPF_INITRD		"initrd"
#define KEXEC_BPF_CMDLINE		"cmdline"

/* bpf_helper_carrier()'s "in": the way that bytes go, seen from the program. */
#define KEXEC_BPF_OUT			0	/* BPF memory -> resource */
#define KEXEC_BPF_IN			1	/* resource -> BPF memory */

/* write(2) to the session file, once; in version 3 the first 16 bytes of it. */
struct kexec_bpf_register {
	__u32 abi_version;	/* of this session */
	__s32 ready_fd;		/* eventfd; the kernel adds 1 when a parser waits */
	__s32 attached_fd;	/* eventfd; thread B adds 1 when it has attached */
	__u32 timeout_ms;	/* for all rounds of a load; 0: the module's default */
	/* version 4 */
	__u32 flags;		/* KEXEC_BPF_REGISTER_* */
	__u32 reserved[11];	/* 0 */
};

/*
 * kexec_bpf_register.flags. A module without the fact "digest" knows none of them: EINVAL.
 * They are for all loads of the process, until the session is closed; those of kernels,
 * which need no parser, then have a report, too.
 *
 * NO_DIGEST: loads for a reboot leave their segments out of the SHA-256 that the kernel
 * takes at the load and checks at the jump, before the next kernel runs. That is most of
 * the time of both. Without the check, what a device still writes to memory at the jump
 * damages the next kernel; with it, the machine stops silently. Loads for a panic always
 * have it.
 *
 * NO_PARSER: this session serves no parser. ready_fd and attached_fd are -1, timeout_ms is
 * 0, and what needs a parser is refused as without this module.
 */
#define KEXEC_BPF_REGISTER_NO_DIGEST	0x1
#define KEXEC_BPF_REGISTER_NO_PARSER	0x2

#define KEXEC_BPF_REGISTER_BYTES_V3	16

/*
 * Maps of a parser that thread B fills before it attaches; a parser may have
 * none, one or both. Array maps with 4-byte keys.
 */
#define KEXEC_BPF_MAP_SELECTION		"selection"	/* 1 entry, selection */
#define KEXEC_BPF_MAP_ADDONS		"addons"	/* ADDONS_MAX, addon */

/* The command line given to kexec_file_load replaces the image's own. */
#define KEXEC_BPF_SELECT_REPLACE_CMDLINE	0x1

struct kexec_bpf_selection {
	__u32 profile;		/* number of the UKI profile, 0 the first */
	__u32 flags;		/* KEXEC_BPF_SELECT_* */
	__u32 reserved[2];	/* 0 */
};

/*
 * One file to add. With an empty dst_dir it is a PE addon: its .cmdline,
 * .initrd and .ucode are used. Otherwise it becomes the initrd's file
 * dst_dir/basename(path), whatever it holds; dst_dir is relative, such as
 * ".extra/credentials". path is absolute, as thread A's process sees it. The
 * first entry with an empty path ends the list. Both are NUL-terminated.
 * systemd-stub puts files before the initrds of PE addons: so does thread B
 * in this list, and a parser when it calls bpf_helper_supplement_initrd().
 */
struct kexec_bpf_addon {
	char dst_dir[KEXEC_BPF_DST_DIR_BYTES];
	char path[KEXEC_BPF_PATH_BYTES];
};

/*
 * The kernel's story of the session's last load:
 * pread(fd, &report, sizeof(report), KEXEC_BPF_REPORT_OFFSET).
 */
#define KEXEC_BPF_REPORT_OFFSET		(1LL << 32)

/*
 * How far the load came; with error 0 it is KEXEC_BPF_STAGE_LOADED. The module
 * does not see what kexec_file_load(2) returns: where the kernel itself ended the
 * load, in PROBE, SIGNATURE, READ and SEGMENTS, that number is the cause, and error
 * here stands for it. Nor does it see a load that ends while the kernel reads the
 * image: then the report is that of the load before.
 */
enum kexec_bpf_stage {
	KEXEC_BPF_STAGE_PROBE = 1,	/* is it an image for a parser? */
	KEXEC_BPF_STAGE_SIGNATURE = 2,	/* the kernel's own signature check, for certain */
	KEXEC_BPF_STAGE_READ = 3,	/* user-passed initrd, command line; or SIGNATURE */
	KEXEC_BPF_STAGE_HANDSHAKE = 4,	/* waiting for thread B */
	KEXEC_BPF_STAGE_PARSE = 5,	/* the parser and its calls */
	KEXEC_BPF_STAGE_RULES = 6,	/* the security rules refused */
	KEXEC_BPF_STAGE_ASSEMBLE = 7,	/* joining initrd and command line */
	KEXEC_BPF_STAGE_ARCH = 8,	/* the kernel's own loader, bzImage */
	KEXEC_BPF_STAGE_LOADED = 9,
	/* After ARCH: placing, digest, memory. Version 3 is told ARCH. */
	KEXEC_BPF_STAGE_SEGMENTS = 10
};

/* Where a round's parser came from. */
enum kexec_bpf_parser {
	KEXEC_BPF_PARSER_NONE = 0,
	KEXEC_BPF_PARSER_IMAGE = 1,	/* the image's .bpf section */
	KEXEC_BPF_PARSER_UKI = 2,	/* the module's */
	KEXEC_BPF_PARSER_ZBOOT = 3	/* the module's */
};

/* kexec_bpf_resource.flags */
#define KEXEC_BPF_RESOURCE_SLICE	0x1	/* bytes of the image, not copied */
#define KEXEC_BPF_RESOURCE_DECOMPRESSED	0x2	/* by the kernel, from the image */
#define KEXEC_BPF_RESOURCE_TAINTED	0x4	/* came out of BPF memory */
#define KEXEC_BPF_RESOURCE_ADDON	0x8	/* has parts from addons or members */
#define KEXEC_BPF_RESOURCE_USER		0x10	/* has what user space passed */
#define KEXEC_BPF_RESOURCE_IN_PLACE	0x20	/* joined around the image's own pages */
#define KEXEC_BPF_RESOURCE_COPIED	0x40	/* joined into a buffer of its own */

struct kexec_bpf_resource {
	__u64 offset;		/* of the first part, in the round's image */
	__u64 size;		/* bytes, all parts */
	__u32 flags;		/* KEXEC_BPF_RESOURCE_* */
	__u32 parts;		/* 0: the resource was not named */
};

struct kexec_bpf_round {
	__u32 parser;		/* enum kexec_bpf_parser */
	__u32 calls;		/* kfunc calls of the parser */
	__u64 image_size;	/* bytes */
	__u64 handshake_us;	/* from ready_fd's signal to attached_fd's */
	__u64 hook_us;		/* the parser's own run */
	struct kexec_bpf_resource kernel;
	struct kexec_bpf_resource initrd;	/* as left after this round */
	__u64 cmdline_size;	/* bytes, as left after this round */
};

#define KEXEC_BPF_REPORT_LOCKDOWN	0x1	/* lockdown forbids unsigned images */
#define KEXEC_BPF_REPORT_ENFORCE	0x2	/* the module's parameter enforce is Y */

/* kexec_bpf_report.digest: whether the segments were left out of the kernel's SHA-256. */
enum kexec_bpf_digest {
	KEXEC_BPF_DIGEST_UNKNOWN = 0,	/* the load did not come that far */
	KEXEC_BPF_DIGEST_LEFT_OUT = 1,
	KEXEC_BPF_DIGEST_KEPT = 2,	/* nobody asked */
	KEXEC_BPF_DIGEST_CRASH = 3,	/* kept: the image is for a panic */
	KEXEC_BPF_DIGEST_ALWAYS = 4,	/* kept: the module's parameter digest says so */
	KEXEC_BPF_DIGEST_UNABLE = 5	/* kept: this kernel does not let it be left out */
};

/* kexec_bpf_report.signature when the kernel did not come to check it. */
#define KEXEC_BPF_SIGNATURE_UNCHECKED	1

struct kexec_bpf_report {
	__u32 abi_version;
	__s32 error;		/* 0 or a negative errno */
	__u32 stage;		/* enum kexec_bpf_stage */
	__u32 rounds;		/* entries of round[] that are filled */
	__s32 signature;	/* 0 verified, negative errno, or UNCHECKED */
	__u32 flags;		/* KEXEC_BPF_REPORT_* */
	__u64 load_us;		/* from the probe to the end of the load */
	struct kexec_bpf_round round[KEXEC_BPF_ROUNDS_MAX];
	struct kexec_bpf_resource kernel;	/* as given to the arch loader */
	struct kexec_bpf_resource initrd;
	__u64 cmdline_size;	/* bytes without the NUL */
	__u32 addons;		/* files that bpf_helper_supplement_initrd() took */
	__u32 size;		/* bytes of this struct that the module knows; 0 in version 3 */
	struct kexec_bpf_addon addon;	/* that failed the load; or no path */
	char reason[KEXEC_BPF_REASON_BYTES];	/* words for error; NUL-terminated */
	/* version 4 */
	__u32 timeout_ms;	/* for all rounds of the load */
	__u32 digest;		/* enum kexec_bpf_digest */
	__u64 reserved_more[31];	/* 0 */
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
KEXEC_BPF_ASSERT(sizeof(struct kexec_bpf_report) == 1984);

/*
 * The kfuncs. Only a program attached to the hook, loaded by the process whose
 * handshake is under way, may call them; they act on the load of the thread
 * that runs the hook. All return 0 or more, or a negative errno. Every error
 * but bpf_helper_read's ERANGE is kept by the load: a parser cannot ignore it,
 * and all further calls fail with it. After the time for all rounds is over, all
 * fail with ETIMEDOUT; once the process is killed, with EINTR.
 *
 * "kernel" is named once per round (EEXIST). What is given to "initrd" and
 * "cmdline" is appended; only microcode, the image's .ucode and that of addons, goes
 * to the front. Initrd parts begin at multiples of 4, with at least 4 zeros between
 * archives; cmdline parts are trimmed and joined by one space. resource_name is a
 * constant string in .rodata (the verifier's rule for __str arguments).
 *
 * bpf_helper_supplement_initrd() and bpf_helper_decompress_slice() take time that is
 * not the parser's, so it is added to the time for all rounds. Together they may be
 * called 2 * KEXEC_BPF_ADDONS_MAX times in a load (E2BIG).
 */
#if defined(__KERNEL__) || defined(__bpf__)
#ifdef __bpf__
#define KEXEC_BPF_KSYM __attribute__((section(".ksyms")))
#else
#define KEXEC_BPF_KSYM
#endif

/*
 * IN copies the first buf__sz bytes of a resource into buf and returns how
 * many it has copied. OUT gives the bytes of buf to a resource; such bytes
 * have no provenance (see the security rules in bpf/kmod/rules.c).
 */
int bpf_helper_carrier(const char *resource_name__str, void *buf, __u32 buf__sz,
		       _Bool in) KEXEC_BPF_KSYM;

/* Decompresses src into dst by src's magic number; returns the size, in bytes. */
int bpf_helper_decompress(const void *src, __u32 src__sz, void *dst,
			  __u32 dst__sz) KEXEC_BPF_KSYM;

/*
 * Adds a file as struct kexec_bpf_addon describes, KEXEC_BPF_ADDONS_MAX in a load.
 * In the first round only: later ones return 0, because their parsers get the same
 * list. The strings are memory with a size rather than __str, because they come out
 * of a map.
 */
int bpf_helper_supplement_initrd(const char *dst_dir, __u32 dst_dir__sz,
				 const char *addon_filename,
				 __u32 addon_filename__sz) KEXEC_BPF_KSYM;

/* Copies buf__sz bytes of the image from offset; ERANGE when it has fewer. */
int bpf_helper_read(__u64 offset, void *buf, __u32 buf__sz) KEXEC_BPF_KSYM;

/* Gives a slice of the image to a resource, without a copy. */
int bpf_helper_slice(const char *resource_name__str, __u64 offset,
		     __u64 size) KEXEC_BPF_KSYM;

/*
 * Gives a decompressed slice of the image to a resource; E2BIG when it is
 * larger than max_out bytes, EOPNOTSUPP when the kernel has no decompressor.
 */
int bpf_helper_decompress_slice(const char *resource_name__str, __u64 offset,
				__u64 size, __u64 max_out) KEXEC_BPF_KSYM;

/*
 * Adds a slice of the image to the initrd as the file dst_path, a relative
 * path such as ".extra/os-release".
 */
int bpf_helper_supplement_slice(const char *dst_path__str, __u64 offset,
				__u64 size) KEXEC_BPF_KSYM;
#endif

#endif /* KEXEC_BPF_H */
