// SPDX-License-Identifier: GPL-2.0-or-later
//! Initramfses built by Debian 13's initramfs-tools: the same as in initramfs.rs.
//!
//! With MODULES=list, mkinitramfs itself adds no driver, so a disk that is found here is
//! found with any other setting, too.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use guest::initramfs_tools::InitramfsTools;
use guest::{Partition, Payload};

use crate::initramfs::{
    TEARDOWN, capture_uki, crash, disk, expect_chained, expect_console, machine, payloads, type_1,
};

/// A program of pre-exec.d for another shell than the initramfs has anyway.
const BASH: &[u8] = b"#!/usr/bin/env -S bash -e\n[[ -v BASH ]] && echo '@@ bash' >/dev/ttyS1\n";

/// A script of initramfs-tools that crashes the kernel after hook boot, if asked to.
fn crash_script() -> String {
    crash("[ \"$1\" != prereqs ] || exit 0\n")
}

/// Returns an initramfs that is built once in a run. It has a crash image and no module.
fn initramfs() -> Vec<u8> {
    static BUILT: OnceLock<Vec<u8>> = OnceLock::new();
    let build = || {
        let directory = guest::work_dir("initramfs-tools");
        let (image, complaints) = with_settings(&directory, "").build("list");
        assert!(complaints.is_empty(), "{complaints:?}");
        image
    };
    BUILT.get_or_init(build).clone()
}

/// Makes a machine with everything that these tests need, and more lines in its settings.
fn with_settings(directory: &Path, more: &str) -> InitramfsTools {
    let image = fs::read(capture_uki(directory)).expect("read the UKI");
    let conf = format!("kexec_bpf_kdump_image=/capture.efi\n{more}");
    let pre_exec = "etc/kexec-bpf/pre-exec.d";
    let tools = "etc/initramfs-tools";
    InitramfsTools::new(directory)
        .file("capture.efi", 0o644, &image)
        .file(&format!("{tools}/conf.d/kexec-bpf"), 0o644, conf.as_bytes())
        .file(
            &format!("{tools}/scripts/init-premount/zz-crash"),
            0o755,
            crash_script().as_bytes(),
        )
        .file(&format!("{pre_exec}/10-say"), 0o755, TEARDOWN.as_bytes())
        // What runs these goes into the initramfs, too, or is complained about.
        .file(&format!("{pre_exec}/20-bash"), 0o755, BASH)
        // A copy of this would not run, either.
        .file(&format!("{pre_exec}/README"), 0o644, b"notes")
}

/// The default entry is on XBOOTLDR, and has a counter.
#[test]
fn default_is_booted_and_counted() {
    let directory = guest::work_dir("initramfs-tools-default");
    let (nonce, payload) = (guest::nonce(), payloads());
    let disk = type_1(disk(&directory), "good+3", &nonce, &payload)
        .esp("loader/loader.conf", b"default good.conf\n")
        .build();
    let said = machine(&directory, initramfs(), "rd.kexec_bpf")
        .disk(disk.path())
        .run();
    expect_chained(&said, &nonce, &[&payload[0], &payload[1]]);
    said.expect("bash", "");
    let names = disk.names(Partition::Xbootldr, "loader/entries");
    assert_eq!(names, ["good+2-1.conf"]);
}

/// Nothing to boot on the ESP: the reason is shown, and root is mounted.
#[test]
fn empty_esp_falls_through() {
    let directory = guest::work_dir("initramfs-tools-empty");
    let disk = disk(&directory)
        .esp("EFI/empty", b"")
        .esp("loader/loader.conf", b"")
        .build();
    let said = machine(&directory, initramfs(), "rd.kexec_bpf=")
        .disk(disk.path())
        .run();
    said.expect("normal", "boot");
    said.expect("kexec-off", "0");
    expect_console(&said, "kexec-bpf: no boot entries");
    expect_console(&said, "kexec-bpf: the normal boot goes on");
    assert!(said.all("teardown").is_empty(), "it jumped");
}

/// A crash before root is mounted is captured by the kernel that the first script loaded.
/// A shell of initramfs-tools mentions the program, and comes before the crash.
#[test]
fn more_early_kdump_and_hint() {
    let directory = guest::work_dir("initramfs-tools-kdump");
    let disk = type_1(disk(&directory), "there", "", &payloads()).build();
    let said = machine(
        &directory,
        initramfs(),
        // With panic= on the command line there would be no shell.
        "crashkernel=256M test.crash break=premount panic=",
    )
    .disk(disk.path())
    .keys(
        "kexec-bpf boot ENTRY boots one",
        b"kexec-bpf list >/dev/ttyS1\rexit\r",
    )
    .run();
    let listed = "*   1  there.conf: Type 1, 1";
    if !said.said.iter().any(|line| line.text.contains(listed)) {
        said.fail("the entry is not listed");
    }
    said.expect("crash", "");
    said.expect("vmcore", "ELF");
    let line = said.one("cmdline");
    if !line.contains("is=capture") || !line.contains("elfcorehdr=") {
        said.fail(&format!("the command line is {line}"));
    }
}

/// A request for enforce without the module is reported while the initramfs is made, and so
/// are an interpreter and a crash image that are not there. There is an initramfs nevertheless.
#[test]
fn hook_complains() {
    let directory = guest::work_dir("initramfs-tools-complaints");
    let more = "kexec_bpf_enforce=yes\nkexec_bpf_kdump_image=/missing.efi\n";
    let tools = with_settings(&directory, more);
    let tools = tools.file("etc/kexec-bpf/pre-exec.d/30-none", 0o755, b"#!/bin/none\n");
    let (_, complaints) = tools.build("list");
    let wanted = [
        "W: kexec-bpf: no module kexec_bpf: hook enforce will turn kexec off",
        "kexec-bpf: /etc/kexec-bpf/pre-exec.d/30-none: there is no /bin/none",
        "W: kexec-bpf: kexec_bpf_kdump_image: cannot read /missing.efi",
    ];
    assert_eq!(complaints, wanted);
}

/// With the drivers that Debian's default chooses, and the module: enforce is on in the
/// system, and what is not signed is not booted.
#[test]
fn more_most_with_enforce() {
    let directory = guest::work_dir("initramfs-tools-most");
    let tools = with_settings(&directory, "kexec_bpf_enforce=yes\n").module();
    let (image, complaints) = tools.build("most");
    assert!(complaints.is_empty(), "{complaints:?}");
    let payload: [Payload; 2] = payloads();
    let disk = type_1(disk(&directory), "unsigned", "", &payload).build();
    let said = machine(&directory, image, "rd.kexec_bpf")
        .disk(disk.path())
        .run();
    said.expect("normal", "boot");
    said.expect("enforce", "Y");
    expect_console(&said, "unsigned.conf: skipped: ");
}
