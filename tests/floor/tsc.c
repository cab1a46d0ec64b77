// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prints the processor's time stamp counter. It goes on through a kexec, and counts
 * instructions where QEMU does.
 */
#include <stdio.h>
#include <x86intrin.h>

int main(void)
{
	printf("%llu\n", __rdtsc());
	return 0;
}
