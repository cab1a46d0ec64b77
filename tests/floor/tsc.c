// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prints the processor's time stamp counter, which continues through a kexec
 * and, if QEMU counts instructions, counts instructions.
 */
#include <stdio.h>
#include <x86intrin.h>

int main(void)
{
	printf("%llu\n", __rdtsc());
	return 0;
}
