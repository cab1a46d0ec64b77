# SPDX-License-Identifier: GPL-2.0-or-later
# How BPF programs are built; for the Makefiles of parsers and test programs.
# BPF_INCLUDE is where <bpf/bpf_helpers.h> is.
CLANG ?= clang
LLVM_STRIP ?= llvm-strip
BPF_INCLUDE ?= /usr/include

BPF_DIR := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
MULTIARCH := $(shell $(CC) -print-multiarch)

# Without the prefix map the object would hold the path of this directory.
# The context of a program or a callback is often not used.
BPF_CFLAGS := -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Werror \
	-Wno-unused-parameter -Wno-unused-function \
	-I$(BPF_DIR) -I$(BPF_DIR)/include \
	-idirafter $(BPF_INCLUDE) -idirafter /usr/include/$(MULTIARCH) \
	-ffile-prefix-map=$(CURDIR)=.

# -g is for BTF, which describes the maps; the rest of the debug data goes.
%.bpf.o: %.bpf.c $(BPF_DIR)/parser.bpf.h $(wildcard $(BPF_DIR)/include/*.h)
	$(CLANG) $(BPF_CFLAGS) -c $< -o $@
	$(LLVM_STRIP) -g $@
