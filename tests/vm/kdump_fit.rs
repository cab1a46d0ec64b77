// SPDX-License-Identifier: GPL-2.0-or-later
//! Memory for a capture kernel: `check` and `load` agree, and the smallest size
//! that they call enough is enough. The running kernel's reservation is made
//! smaller by /sys/kernel/kexec_crash_size, so that one boot does for many sizes.

use std::path::Path;

use crate::report;
use guest::initramfs::extra_initrd;
use guest::pe::{Pe, tiny_kernel};
use guest::{Initramfs, Kernel, Machine, Payload, Transcript, second_initrd, uki::Uki};

/// `apart NAME COMMAND...`: like `attempt`, but says standard output under NAME-out, and
/// under NAME-loaded whether an image and a crash image are loaded.
const APART: &str = r#"
to_out() { "$@" >/out; }
apart() {
    name=$1
    shift
    attempt "$name" to_out "$@"
    while IFS= read -r line; do say "$name-out" "$line"; done </out
    say "$name-loaded" $(cat /sys/kernel/kexec_loaded /sys/kernel/kexec_crash_loaded)
}
reserve() { echo $(($1 << 20)) >/sys/kernel/kexec_crash_size; }
enough() { sed -n 's/.*crashkernel=\([0-9]*\)M is enough.*/\1/p' /out; }
"#;

#[track_caller]
fn expect(said: &Transcript, name: &str, code: &str, loaded: &str, words: &[&str]) {
    said.expect_attempt(name, code, words);
    said.expect(&format!("{name}-loaded"), loaded);
    let lines = said.all(name);
    if lines.is_empty() != words.is_empty() {
        said.fail(&format!("{name} says {lines:?}"));
    }
    if let Some(problem) = report::problem(&lines).filter(|_| !lines.is_empty()) {
        said.fail(&format!("{name}: {problem}: {lines:?}"));
    }
}

fn zstd(directory: &Path, name: &str, data: &[u8], program: &[&str]) -> Vec<u8> {
    let path = directory.join(name);
    std::fs::write(&path, data).expect("write what is packed");
    let output = guest::host_program(program[0])
        .args(&program[1..])
        .arg(&path)
        .output()
        .expect("start the packer");
    assert!(output.status.success(), "{program:?} packs");
    output.stdout
}

/// check and load agree, a bad image does not replace a good one, and the image and the
/// crash image are independent.
#[test]
fn check_and_load_agree() {
    let kernel = Kernel::V6_12;
    let directory = guest::work_dir("kdump-agree");
    let initrd = zstd(&directory, "initrd", &second_initrd(&[]), &["zstd", "-qc"]);
    let truncated = std::fs::read(kernel.image()).expect("read the kernel");
    let wrong = Pe::new().section(".osrel", b"NAME=None\n");
    let overlong = Pe::new()
        .section(".linux", &tiny_kernel())
        .section(".cmdline", &[b'a'; 5000]);
    let script = format!(
        "{APART}
mkdir /run && mount -t tmpfs none /run
image='/vmlinuz --initrd /initrd --append quiet'
apart check kexec-bpf kdump check $image
enough=$(enough)
apart load kexec-bpf load --panic $image
apart status kexec-bpf status
for bad in junk cut none overlong missing; do
    apart bad-$bad kexec-bpf load --panic /$bad
done
apart bad-initrd kexec-bpf load --panic /vmlinuz --initrd /missing
apart bad-empty kexec-bpf load --panic /vmlinuz --initrd /empty
apart key kexec-bpf load --panic $image --crypt-key cryptsetup:a
apart key-usage kexec-bpf load $image --crypt-key cryptsetup:a
apart both kexec-bpf load $image
apart replaced kexec-bpf load --panic $image
apart dropped kexec-bpf unload --panic
apart again kexec-bpf load --panic $image
apart normal kexec-bpf unload
apart last kexec-bpf unload --panic
say note $(ls /run | wc -l)
say enough $enough
reserve $((enough - 8))
apart tight-check kexec-bpf kdump check $image
apart tight-load kexec-bpf load --panic $image
apart tight-status kexec-bpf status
kexec-bpf unload --panic
reserve 56
apart small-check kexec-bpf kdump check $image
apart small-load kexec-bpf load --panic $image
apart small-force kexec-bpf load --panic $image --force
echo 0 >/sys/kernel/kexec_crash_size
apart none-check kexec-bpf kdump check $image
apart none-load kexec-bpf load --panic $image
apart none-status kexec-bpf status
"
    );
    let initramfs = Initramfs::new(&script)
        .file_from("vmlinuz", &kernel.image())
        .file("initrd", &initrd)
        .file("junk", b"no image at all")
        .file("cut", &truncated[..100_000])
        .file("none", &wrong.bytes())
        .file("overlong", &overlong.bytes())
        .file("empty", b"");
    let said = Machine::new(&directory, kernel, initramfs.finish())
        .append("crashkernel=160M")
        .memory_mb(768)
        .timeout_s(300)
        .run();

    expect(&said, "check", "0", "0 0", &[]);
    expect(&said, "load", "0", "0 1", &[]);
    said.expect_page(
        "status-out",
        &[
            "crash image loaded",
            "160.0 MiB reserved",
            "s: /vmlinuz (from the record in /run)",
            "is enough",
            "on panic boots the crash image",
            "processors: tracked by the kernel; memory: tracked by the kernel",
            "kernel.panic=-1, kernel.panic_on_oops=0, kernel.panic_on_warn=0, kernel.sysrq=",
        ],
    );
    for bad in ["junk", "cut", "none", "overlong", "missing"] {
        let name = format!("bad-{bad}");
        said.expect(&format!("{name}-code"), "3");
        said.expect(&format!("{name}-loaded"), "0 1");
    }
    expect(&said, "bad-initrd", "3", "0 1", &["no such file"]);
    expect(&said, "bad-empty", "3", "0 1", &["the initrd is empty"]);
    expect(&said, "key", "4", "0 1", &["CONFIG_CRASH_DM_CRYPT"]);
    expect(&said, "key-usage", "2", "0 1", &["--panic"]);
    expect(&said, "both", "0", "1 1", &[]);
    expect(&said, "replaced", "0", "1 1", &[]);
    expect(&said, "dropped", "0", "1 0", &[]);
    expect(&said, "again", "0", "1 1", &[]);
    expect(&said, "normal", "0", "0 1", &[]);
    expect(&said, "last", "0", "0 0", &[]);
    said.expect("note", "0");

    let little = [
        "warning: /vmlinuz may run out of memory",
        " needed to run, ",
    ];
    expect(&said, "tight-check", "0", "0 0", &little);
    expect(&said, "tight-load", "0", "0 1", &little);
    said.expect_words("tight-status-out", &["may run out of memory"]);
    let enough = format!("crashkernel={}M", said.one("enough"));
    let lot = ["does not fit", "56.0 MiB reserved", &enough];
    expect(&said, "small-check", "1", "0 0", &lot);
    expect(&said, "small-load", "1", "0 0", &lot);
    expect(
        &said,
        "small-force",
        "1",
        "0 0",
        &["EADDRNOTAVAIL", "56 MiB"],
    );
    let missing = ["no memory is reserved"];
    expect(&said, "none-check", "4", "0 0", &missing);
    expect(&said, "none-load", "4", "0 0", &missing);
    said.expect_words("none-status-out", &["none reserved"]);
}

/// Expects the smallest reservation that check calls enough to be enough: the capture
/// kernel boots in it, with all of its initrd.
fn least_boots(kernel: Kernel, name: &str, payload_bytes: usize, packer: &[&str]) {
    let directory = guest::work_dir(&format!("kdump-least-{name}"));
    let nonce = guest::nonce();
    let payload = Payload::new("large", payload_bytes);
    let plain = second_initrd(&[&payload]);
    let initrd = directory.join("packed");
    std::fs::write(&initrd, zstd(&directory, "plain", &plain, packer)).expect("write the initrd");
    let extra = directory.join("extra.cpio");
    std::fs::write(&extra, extra_initrd(&[])).expect("write the second initrd");
    let cmdline = format!("console=ttyS0 irqpoll nr_cpus=1 reset_devices panic=-1 nonce={nonce}");
    let image = Uki::new(&directory, "a", &cmdline)
        .linux(&kernel.image())
        .initrd(&initrd)
        .initrd(&extra)
        .build();
    let script = format!(
        "{APART}
apart check kexec-bpf kdump check /a.efi
enough=$(enough)
say enough $enough
reserve $enough
say reserved $(($(cat /sys/kernel/kexec_crash_size) >> 20))
apart again kexec-bpf kdump check /a.efi
apart load kexec-bpf load --panic /a.efi
echo c >/proc/sysrq-trigger
"
    );
    let initramfs = Initramfs::new(&script).file_from("a.efi", &image);
    let said = Machine::new(&directory, kernel, initramfs.finish())
        .append("crashkernel=384M")
        .memory_mb(1280)
        .timeout_s(400)
        .run();
    said.expect("check-code", "0");
    said.expect("reserved", said.one("enough"));
    expect(&said, "again", "0", "0 0", &[]);
    expect(&said, "load", "0", "0 1", &[]);
    said.expect_words("again-out", &["fits; crashkernel="]);
    said.expect("nonce", &nonce);
    said.expect("payload", &format!("large {}", payload.sha256));
}

#[test]
fn more_least_that_fits_a_small_initrd_boots() {
    least_boots(
        Kernel::V6_12,
        "small",
        100_000,
        &["xz", "-c", "--check=crc32"],
    );
}

/// Here the limit is that of the tmpfs, which holds half of the memory.
#[test]
fn least_that_fits_a_large_initrd_boots() {
    least_boots(Kernel::V6_1, "large", 60 << 20, &["gzip", "-1c"]);
}
