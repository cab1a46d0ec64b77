// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Attack: gives exactly what the image's section .give lists. Each entry has
 * two bytes: the number of a section, and what to give it as; 0 ends the list.
 */
#include "section.bpf.h"

#define GIVE	NAME('.', 'g', 'i', 'v', 'e', 0, 0, 0)
#define ENTRIES	16

/* Targets that a section can be given as. */
enum { END, KERNEL, RAMDISK, WORDS, OS_RELEASE, PROFILE_FILE, PCR_SIGNATURE, PCR_KEY };

struct entry {
	__u8 number;
	__u8 target;
};

struct {
	struct entry entries[ENTRIES];
	__u64 table;
} given;

static const char os_release[] = ".extra/os-release";
static const char profile[] = ".extra/profile";
static const char pcr_signature[] = ".extra/tpm2-pcr-signature.json";
static const char pcr_key[] = ".extra/tpm2-pcr-public-key.pem";

static long give(__u32 i, void *context)
{
	struct {
		__u64 name;
		__u32 virtual_size;
		__u32 virtual_address;
		__u32 raw_size;
		__u32 raw_offset;
		__u32 unused[4];
	} header;
	struct entry entry;
	__u64 offset, size;

	if (i >= ENTRIES)
		return 1;
	entry = given.entries[i];
	if (bpf_helper_read(given.table + entry.number * sizeof(header), &header, sizeof(header)))
		return 1;
	offset = header.raw_offset;
	size = header.virtual_size;
	switch (entry.target) {
	case KERNEL:
		return bpf_helper_slice(kernel_name, offset, size) != 0;
	case RAMDISK:
		return bpf_helper_slice(initrd_name, offset, size) != 0;
	case WORDS:
		return bpf_helper_slice(cmdline_name, offset, size) != 0;
	case OS_RELEASE:
		return bpf_helper_supplement_slice(os_release, offset, size) != 0;
	case PROFILE_FILE:
		return bpf_helper_supplement_slice(profile, offset, size) != 0;
	case PCR_SIGNATURE:
		return bpf_helper_supplement_slice(pcr_signature, offset, size) != 0;
	case PCR_KEY:
		return bpf_helper_supplement_slice(pcr_key, offset, size) != 0;
	default:
		return 1;
	}
}

SEC_PARSER
int parse(void *context)
{
	if (!find_section(GIVE) ||
	    bpf_helper_read(section.offset, given.entries, sizeof(given.entries)))
		return 0;
	given.table = section.table;
	bpf_loop(ENTRIES, give, NULL, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
