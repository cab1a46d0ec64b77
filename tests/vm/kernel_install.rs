// SPDX-License-Identifier: GPL-2.0-or-later
//! Entries that systemd's own kernel-install made are listed, and the plan is what it was
//! given. Without a guest.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use guest::uki::Uki;
use guest::{Kernel, Payload, packages, program, second_initrd};

const KERNEL: Kernel = Kernel::V6_12;
const CMDLINE: &str = "root=/dev/vda1 ro \"a b\"";

/// Runs kernel-install on an empty ESP, which it returns.
fn installed(directory: &Path, layout: &str, token: &str, files: &[&Path]) -> PathBuf {
    let (esp, conf) = (directory.join(layout), directory.join("conf"));
    for made in [&esp, &conf] {
        fs::create_dir_all(made).expect("make a directory");
    }
    fs::write(conf.join("cmdline"), format!("{CMDLINE}\n")).expect("write cmdline");
    fs::write(conf.join("tries"), "3\n").expect("write tries");
    fs::write(conf.join("install.conf"), format!("layout={layout}\n")).expect("write the layout");
    let file = |path: &str| packages::file("systemctl", path);
    let libraries = file("usr/lib/x86_64-linux-gnu");
    let plugins = ["90-loaderentry", "90-uki-copy"].map(|name| {
        let path = file(&format!("usr/lib/kernel/install.d/{name}.install"));
        path.to_str().expect("a path").to_owned()
    });
    let output = Command::new(libraries.join("ld-linux-x86-64.so.2"))
        .arg("--library-path")
        .arg(format!("{0}:{0}/systemd", libraries.display()))
        .arg(file("usr/bin/kernel-install"))
        .arg(format!("--esp-path={}", esp.display()))
        .arg(format!("--boot-path={}", esp.display()))
        .args([
            &format!("--entry-token={token}"),
            "--make-entry-directory=yes",
        ])
        .args(["add", &KERNEL.release()])
        .args(files)
        // A directory stands for the file system of the ESP.
        .env("BOOT_MNT", &esp)
        .env("SYSTEMD_RELAX_ESP_CHECKS", "1")
        .env("SYSTEMD_RELAX_XBOOTLDR_CHECKS", "1")
        .env("KERNEL_INSTALL_CONF_ROOT", &conf)
        .env("KERNEL_INSTALL_PLUGINS", plugins.join(" "))
        .output()
        .expect("start kernel-install");
    assert!(output.status.success(), "{output:?}");
    esp
}

/// Returns what the program printed, with single spaces.
fn said(esp: &Path, command: &[&str]) -> String {
    let output = Command::new(program())
        .args(command)
        .arg("--root")
        .arg(esp)
        .output()
        .expect("start kexec-bpf");
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

fn expect(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "no '{word}' in: {text}");
    }
}

#[test]
fn its_entries_are_listed() {
    let directory = guest::work_dir("kernel-install");
    let release = KERNEL.release();
    let initrd = directory.join("initrd.img");
    let payload = Payload::new("initrd", 1_001);
    fs::write(&initrd, second_initrd(&[&payload])).expect("write the initrd");

    let files = [&*KERNEL.image(), &initrd];
    let esp = installed(&directory, "bls", "literal:a+b", &files);
    let id = format!("a+b-{release}.conf");
    expect(&said(&esp, &["list"]), &[&id, "tries left: 3"]);
    let image = format!("image a+b/{release}/linux");
    let initrd_name = format!("a+b/{release}/initrd.img");
    let plan = said(&esp, &["boot", "-n"]);
    expect(&plan, &[&id, &image, &initrd_name, CMDLINE]);

    let image = Uki::new(&directory, "a", CMDLINE)
        .linux(&KERNEL.image())
        .initrd(&initrd)
        .build();
    let esp = installed(&directory, "uki", "literal:b", &[&image]);
    let id = format!("b-{release}.efi");
    expect(&said(&esp, &["list"]), &[&id, "tries left: 3"]);
    expect(&said(&esp, &["boot", "-n", "b-"]), &[&id, CMDLINE]);
}
