// SPDX-License-Identifier: GPL-2.0-or-later
//! A kexec changes nothing in the TPM. The next image has the PCRs of this one, and the
//! variables that this one's stub has set, so it can open what was sealed to this one.

use guest::handshake::{KERNEL, initramfs, initramfs_before};
use guest::{drivers, module, uki::Uki};

/// PCRs that the firmware, boot loaders and systemd-stub extend.
const PCRS: [u32; 9] = [0, 1, 2, 3, 4, 7, 9, 12, 13];
/// PCR that the stub extends by the sections of the UKI that it starts.
const PCR_SECTIONS: u32 = 11;
const UNUSED: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// `state NAME` says the PCRs, and digests of the variables that the stub has set.
const STATE: &str = r#"
state() {
    for number in 0 1 2 3 4 7 9 11 12 13; do
        say "$1-pcr" "$number $(cat /sys/class/tpm/tpm0/pcr-sha256/$number)"
    done
    mount -t efivarfs efivarfs /sys/firmware/efi/efivars
    cd /sys/firmware/efi/efivars
    for variable in *-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f; do
        say "$1-variable" "$variable $(sha256sum <$variable)"
    done
    cd /
}
"#;

#[test]
fn a_kexec_changes_no_pcr() {
    let directory = guest::work_dir("tpm");
    let uki = |name: &str, cmdline: &str, initramfs: guest::Initramfs| {
        let initrd = directory.join(format!("{name}.cpio"));
        let initramfs = drivers::add(initramfs, KERNEL, &["efivarfs"]);
        std::fs::write(&initrd, initramfs.finish()).expect("write the initramfs");
        Uki::new(
            &directory,
            name,
            &format!("console=ttyS0 panic=-1 efi=runtime {cmdline}"),
        )
        .linux(&KERNEL.image())
        .initrd(&initrd)
        .build()
    };
    let second = format!(
        "{STATE}{}state second\nsay is $(cat /proc/cmdline)\n",
        drivers::LOAD
    );
    let second = uki("second", "is=second", initramfs(&second));
    let first = format!(
        "{STATE}{}state first
insmod /kexec_bpf.ko timeout_ms=60000
attempt load kexec-bpf load --verbose /second.efi
kexec-bpf exec
",
        drivers::LOAD
    );
    let first = initramfs_before(&first, &module::module()).file_from("second.efi", &second);
    let first = uki("first", "is=first", first);
    let said = guest::firmware::machine(&directory, &first)
        .memory_mb(1024)
        .timeout_s(400)
        .tpm()
        .run();
    said.expect_attempt("load", "0", &["kernel: loaded:"]);
    said.expect("is", "console=ttyS0 panic=-1 efi=runtime is=second");
    let pcrs = said.all("first-pcr");
    assert_eq!(pcrs.len(), PCRS.len() + 1, "{pcrs:?}");
    assert_eq!(pcrs, said.all("second-pcr"), "PCRs");
    let sections = format!("{PCR_SECTIONS} ");
    let measured = |pcr: &&str| {
        pcr.strip_prefix(&sections)
            .is_some_and(|value| value != UNUSED)
    };
    assert!(pcrs.iter().any(measured), "the stub measures: {pcrs:?}");
    let variables = said.all("first-variable");
    let image = |variable: &&str| variable.starts_with("StubPcrKernelImage-");
    assert!(variables.iter().any(image), "{variables:?}");
    assert_eq!(
        variables,
        said.all("second-variable"),
        "the stub's variables"
    );
}
