// SPDX-License-Identifier: GPL-2.0-or-later
//! An initrd that the next kernel cannot unpack costs nothing: a crash image that was
//! loaded before stays, and boots at a panic.

use crate::kdump::CRASH;
use guest::initramfs::extra_initrd;
use guest::pe::{Pe, packed, tiny_kernel};
use guest::{Initramfs, Kernel, Machine, Payload, second_initrd};

/// `refused NAME COMMAND...`: says the exit code, whether an image and a crash image are
/// loaded, and which crash image is recorded.
const REFUSED: &str = "
refused() {
    name=$1
    shift
    attempt \"$name\" \"$@\"
    say \"$name-left\" $(cat /sys/kernel/kexec_loaded /sys/kernel/kexec_crash_loaded) \
        $(kexec-bpf status | grep -c 's: /good (from the record in /run)')
}
";

#[test]
fn the_good_crash_image_survives_a_bad_initrd() {
    let kernel = Kernel::V6_12;
    let directory = guest::work_dir("bad-initrd");
    let nonce = guest::nonce();
    let payload = Payload::new("capture", 50_001);
    let plain = second_initrd(&[&payload]);
    let path = directory.join("plain");
    std::fs::write(&path, &plain).expect("write the initrd");
    let pack = |program: &str, options: &[&str]| packed(&directory, &path, program, options);
    let legacy = pack("lz4", &["-q", "-l"]);
    let bad = [
        ("frame", pack("lz4", &["-q"]), "an lz4 frame"),
        ("crc64", pack("xz", &[]), "xz with another check than CRC32"),
        ("cut", plain[..plain.len() / 2].to_vec(), "is cut short"),
        ("half", legacy[..legacy.len() / 2].to_vec(), "is cut short"),
        ("text", b"no archive\n".repeat(40), "a text file"),
        ("zeros", vec![0; 100_000], "nothing but zeros"),
    ];
    let capture = format!("console=ttyS0 irqpoll nr_cpus=1 reset_devices panic=-1 nonce={nonce}");
    let mut script = format!(
        "{REFUSED}
mkdir /run && mount -t tmpfs none /run
attempt good kexec-bpf load --panic /good --initrd /legacy --initrd /extra --append '{capture}'
"
    );
    for (name, ..) in &bad {
        script += &format!(
            "refused {name} kexec-bpf load --panic /vmlinuz --initrd /{name}
refused {name}-check kexec-bpf kdump check /vmlinuz --initrd /{name}
refused {name}-exec kexec-bpf load /vmlinuz --initrd /{name}
"
        );
    }
    script += "refused uki kexec-bpf load --panic --route extract /bad.efi
refused force kexec-bpf load --force /vmlinuz --initrd /text
kexec-bpf unload
";
    script += CRASH;
    let frame = &bad[0].1;
    let image = Pe::new()
        .section(".linux", &tiny_kernel())
        .section(".initrd", frame);
    let mut initramfs = Initramfs::new(&script)
        .file_from("vmlinuz", &kernel.image())
        .file_from("good", &kernel.image())
        .file("legacy", &legacy)
        .file("extra", &extra_initrd(&[&Payload::new("other", 3_001)]))
        .file("bad.efi", &image.bytes());
    for (name, bytes, _) in &bad {
        initramfs = initramfs.file(name, bytes);
    }
    let said = Machine::new(&directory, kernel, initramfs.finish())
        .append("crashkernel=256M")
        .memory_mb(1024)
        .timeout_s(300)
        .run();
    said.expect("good-code", "0");
    for (name, _, words) in &bad {
        for name in [
            (*name).to_owned(),
            format!("{name}-check"),
            format!("{name}-exec"),
        ] {
            said.expect_attempt(&name, "3", &[words, "bad initrd"]);
            said.expect(&format!("{name}-left"), "0 1 1");
        }
    }
    said.expect_attempt("uki", "3", &["section .initrd", "an lz4 frame"]);
    said.expect("uki-left", "0 1 1");
    said.expect_attempt("force", "0", &["warning: /text: bad initrd: a text file"]);
    said.expect("force-left", "1 1 1");
    said.expect("nonce", &nonce);
    let mut payloads = said.all("payload");
    payloads.sort_unstable();
    let capture = format!("capture {}", payload.sha256);
    if payloads.first() != Some(&capture.as_str()) || payloads.len() != 2 {
        said.fail(&format!("the capture kernel found {payloads:?}"));
    }
}
