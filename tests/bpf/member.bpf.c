// SPDX-License-Identifier: GPL-2.0-or-later
/* Exercises bpf_helper_supplement_slice(): .osrel becomes .extra/os-release. */
#include "section.bpf.h"

static const char os_release[] = ".extra/os-release";

SEC_PARSER
int parse(void *context)
{
	slice_uki();
	if (find_section(OSREL))
		bpf_helper_supplement_slice(os_release, section.offset, section.size);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
