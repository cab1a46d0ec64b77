# SPDX-License-Identifier: GPL-2.0-or-later
# Rules for building BPF programs, included by the Makefiles of the parsers and
# of the test programs. BPF_CPU is their instruction set, BPF_INCLUDE the directory with
# bpf/bpf_helpers.h.
CLANG ?= clang
LLVM_STRIP ?= llvm-strip
BPF_INCLUDE ?= /usr/include
BPF_CPU ?= v3

BPF_DIR := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
# Where Debian has asm/. Not asked of cc, which may be clang, and does not know it then.
MULTIARCH := $(shell uname -m)-linux-gnu

# Without the prefix map the object would contain the path of the build
# directory. Programs and callbacks often do not use their context argument,
# hence no warning about unused parameters.
BPF_CFLAGS := -target bpf -mcpu=$(BPF_CPU) -O2 -g -Wall -Wextra -Werror \
	-Wno-unused-parameter -Wno-unused-function \
	-I$(BPF_DIR) -I$(BPF_DIR)/include \
	-idirafter $(BPF_INCLUDE) -idirafter /usr/include/$(MULTIARCH) \
	-ffile-prefix-map=$(CURDIR)=.

# -g generates BTF, which describes the maps; llvm-strip removes the rest of the
# debug information.
%.bpf.o: %.bpf.c $(BPF_DIR)/parser.bpf.h $(wildcard $(BPF_DIR)/include/*.h)
	$(CLANG) $(BPF_CFLAGS) -c $< -o $@
	$(LLVM_STRIP) -g $@
