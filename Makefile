# SPDX-License-Identifier: GPL-2.0-or-later
# Every target first installs what it needs (tests/provision.sh says what and why).
# `make help` lists the targets.

PREFIX ?= /usr/local
DESTDIR ?=

TARGET_DIR = $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target)
PROGRAM = $(TARGET_DIR)/x86_64-unknown-linux-musl/release/kexec-bpf
PROVISION = tests/provision.sh

# dracut, mkinitcpio, initramfs-tools, systemd and udev look for files only in these directories,
# whatever PREFIX is; the installed files look for each other in LIBDIR.
DRACUTDIR ?= /usr/lib/dracut
INITCPIODIR ?= /usr/lib/initcpio
INITRAMFSTOOLSDIR ?= /usr/share/initramfs-tools
SYSTEMDUNITDIR ?= /usr/lib/systemd/system
LIBDIR ?= /usr/lib/kexec-bpf
UDEVRULESDIR ?= /usr/lib/udev/rules.d
SYSCONFDIR ?= /etc
# debian, fedora or arch: what that distribution's package has; see packaging/install.sh.
LAYOUT ?=

.DEFAULT_GOAL = build
.PHONY: help build check check-all fuzz demo demo-replay recording bench size docs docs-check install uninstall list dist \
	deb rpm pkg clean

help:
	@echo 'make            build the static binary'
	@echo 'make check      run all but the longest tests; ends with "N passed, M failed"'
	@echo 'make check-all  test the kernel module on more kernels; takes hours'
	@echo 'make fuzz       fuzz TARGET with RUNS inputs (see fuzz/fuzz_targets)'
	@echo 'make demo       boot a kernel, kexec a UKI, show what the next one says'
	@echo 'make demo-replay  show again, at its pace, what the rescue shell of make demo showed'
	@echo 'make recording  draw the pictures in README anew'
	@echo 'make bench      measure against kexec-tools and systemctl; takes hours'
	@echo 'make size       compare the size of the binary with its budget'
	@echo 'make docs       generate the man page, completions and figures in README'
	@echo 'make install    install to $$DESTDIR$$PREFIX ($(PREFIX))'
	@echo 'make uninstall  remove what make install installed, with the same variables'
	@echo 'make list       list what make install installs, with the same variables'
	@echo 'make dist       pack the source with its crates, to build offline'
	@echo 'make deb        build Debian packages of the program and of the module'
	@echo 'make rpm        the same for Fedora'
	@echo 'make pkg        the same for Arch Linux'
	@echo 'make clean      remove what was built and downloaded'

build:
	@$(PROVISION) build
	cargo build --release --locked

check:
	@$(PROVISION) build kernel vm
	@tests/check.sh

check-all:
	@tests/check-all.sh

fuzz:
	@test -n '$(TARGET)' || { echo 'make fuzz: TARGET is missing' >&2; exit 2; }
	@fuzz/run.sh $(TARGET) $(RUNS)

demo:
	@$(PROVISION) build kernel demo
	@cargo build --quiet --release --locked
	@cargo xtask demo

demo-replay:
	@cargo xtask demo --replay

recording:
	@$(PROVISION) build kernel demo
	@cargo build --quiet --release --locked
	@cargo xtask recording

bench:
	@$(PROVISION) build kernel vm
	@cargo build --quiet --release --locked
	@cargo xtask bench

size: build
	@cargo xtask size $(PROGRAM)

docs:
	@$(PROVISION) build
	cargo xtask docs

docs-check:
	@cargo xtask docs --check

# Installs what `make` has built, so that root needs no Rust.
export DESTDIR PREFIX PROGRAM DRACUTDIR INITCPIODIR INITRAMFSTOOLSDIR SYSTEMDUNITDIR \
	LIBDIR UDEVRULESDIR SYSCONFDIR LAYOUT
install uninstall:
	@packaging/install.sh $@

# Prints what `make install` installs, with the same variables.
list:
	@packaging/install.sh $@

# The source of the last commit with all its crates, for a build without a network.
dist:
	@packaging/tarball.sh archive $(TARGET_DIR)/dist

deb rpm pkg: build
	@$(PROVISION) $@
	@packaging/$@.sh $(PROGRAM) $(TARGET_DIR)/$@

clean:
	rm -rf $(TARGET_DIR)
