# SPDX-License-Identifier: GPL-2.0-or-later
# Every target first installs what it needs (tests/provision.sh says what and why).
# `make help` lists the targets.

PREFIX ?= /usr/local
DESTDIR ?=

TARGET_DIR = $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target)
PROGRAM = $(TARGET_DIR)/x86_64-unknown-linux-musl/release/kexec-bpf
PROVISION = tests/provision.sh
INSTALL = install
SHARE = $(DESTDIR)$(PREFIX)/share

# dracut, mkinitcpio, systemd and udev look for files only in these directories,
# whatever PREFIX is; the installed files look for each other in LIBDIR.
DRACUTDIR ?= /usr/lib/dracut
INITCPIODIR ?= /usr/lib/initcpio
SYSTEMDUNITDIR ?= /usr/lib/systemd/system
LIBDIR ?= /usr/lib/kexec-bpf
UDEVRULESDIR ?= /usr/lib/udev/rules.d

.DEFAULT_GOAL = build
.PHONY: help build check check-all fuzz demo bench size docs docs-check install clean

help:
	@echo 'make            build the static binary'
	@echo 'make check      run all but the longest tests; ends with "N passed, M failed"'
	@echo 'make check-all  test the kernel module on more kernels; takes hours'
	@echo 'make fuzz       fuzz TARGET with RUNS inputs (see fuzz/fuzz_targets)'
	@echo 'make demo       boot a kernel, kexec a UKI, show what the next one says'
	@echo 'make bench      measure against kexec-tools and systemctl; takes hours'
	@echo 'make size       compare the size of the binary with its budget'
	@echo 'make docs       generate the man page, completions and figures in README'
	@echo 'make install    install to $$DESTDIR$$PREFIX ($(PREFIX))'
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
install:
	@test -x $(PROGRAM) || { echo 'make install: run make first' >&2; exit 1; }
	$(INSTALL) -D -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/kexec-bpf
	$(INSTALL) -D -m 644 docs/kexec-bpf.8 $(SHARE)/man/man8/kexec-bpf.8
	$(INSTALL) -D -m 644 dist/completions/kexec-bpf.bash \
		$(SHARE)/bash-completion/completions/kexec-bpf
	$(INSTALL) -D -m 644 dist/completions/_kexec-bpf \
		$(SHARE)/zsh/site-functions/_kexec-bpf
	$(INSTALL) -D -m 644 dist/completions/kexec-bpf.fish \
		$(SHARE)/fish/vendor_completions.d/kexec-bpf.fish
	$(INSTALL) -D -m 644 dist/udev/98-kexec-bpf-kdump.rules \
		$(DESTDIR)$(UDEVRULESDIR)/98-kexec-bpf-kdump.rules
	$(INSTALL) -d $(DESTDIR)$(SYSTEMDUNITDIR)
	sed 's|/usr/local/bin/|$(PREFIX)/bin/|' dist/systemd/kexec-bpf-kdump.service \
		>$(DESTDIR)$(SYSTEMDUNITDIR)/kexec-bpf-kdump.service
	chmod 644 $(DESTDIR)$(SYSTEMDUNITDIR)/kexec-bpf-kdump.service
	$(INSTALL) -D -m 755 dist/initramfs/not-enforced $(DESTDIR)$(LIBDIR)/not-enforced
	$(INSTALL) -D -m 755 -t $(DESTDIR)$(DRACUTDIR)/modules.d/50kexec-bpf \
		dracut-module/50kexec-bpf/*.sh
	$(INSTALL) -D -m 644 -t $(DESTDIR)$(INITCPIODIR)/install mkinitcpio-hook/install/*
	$(INSTALL) -D -m 644 -t $(DESTDIR)$(INITCPIODIR)/hooks mkinitcpio-hook/hooks/*
	$(INSTALL) -D -m 644 -t $(DESTDIR)$(SYSTEMDUNITDIR) \
		dist/systemd/kexec-bpf-boot.service dist/systemd/kexec-bpf-enforce.service \
		dist/systemd/kexec-bpf-kdump-early.service \
		dist/systemd/kexec-bpf-emergency.conf

clean:
	rm -rf $(TARGET_DIR)
