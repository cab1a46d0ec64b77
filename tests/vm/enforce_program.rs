// SPDX-License-Identifier: GPL-2.0-or-later
//! The program under enforce: the hook turns enforce on, the program refuses what the
//! kernel would refuse, says the true reason, and a crash image that is loaded stays.
use crate::module_enforce::secure;
use crate::report;
use guest::firmware::SigningKey;
use guest::handshake::{initramfs_before, tiny_uki};
use guest::initramfs::small_initrd;
use guest::pe::{Pe, tiny_efi_kernel};

/// Stand-in for modprobe in this guest.
const MODPROBE: &str = "#!/bin/busybox sh
shift
exec /bin/busybox insmod /kexec_bpf.ko timeout_ms=60000 \"$@\"
";

/// Crash loads: name, arguments, and words of the message.
const REFUSED: &[(&str, &str, &str)] = &[
    (
        "bare",
        "/kernel",
        "only a UKI's initrd and command line are verified",
    ),
    ("unsigned", "/unsigned.efi", "the image has no signature"),
    (
        "extract",
        "/good.efi --route extract",
        "what route extract takes out",
    ),
    ("initrd", "/good.efi --initrd /initrd", "an added initrd"),
    (
        "append",
        "/good.efi --append nr_cpus=1",
        "a crash image with nr_cpus=1",
    ),
    (
        "addon",
        "/good.efi --addon /bare.addon.efi",
        "an addon has no signature",
    ),
    (
        "replaced",
        "/good.efi --command-line ''",
        "the command line must be the UKI's own",
    ),
];

#[test]
fn what_enforce_refuses_is_known_before() {
    let directory = guest::work_dir("enforce-program");
    let key = SigningKey::new(&directory);
    let sign = |name: &str, image: &[u8]| key.sign_bytes(&directory, name, image);
    let good = sign("good.efi", &tiny_uki(None).bytes());
    let unsigned = tiny_uki(None).bytes();
    let addon = Pe::new().section(".cmdline", b"from=addon");
    let stranger = SigningKey::unknown(&directory, "/CN=stranger");
    let mut changed = good.clone();
    let words = b"console=ttyS0";
    let at = changed.windows(words.len()).position(|part| part == words);
    changed[at.expect("it has a command line")] ^= 1;

    let mut script = String::from(
        "
mkdir -p /sbin
chmod 755 /modprobe
mv /modprobe /sbin/modprobe
rm -f /bin/modprobe
echo rd.kexec_bpf.enforce >/line
mount --bind /line /proc/cmdline
attempt hook kexec-bpf hook enforce
attempt again kexec-bpf hook enforce
attempt status kexec-bpf status
attempt panic kexec-bpf load --panic --force /good.efi
",
    );
    for (name, arguments, _) in REFUSED {
        script += &format!("attempt {name} kexec-bpf load --panic --force {arguments}\n");
    }
    script += "
attempt dry kexec-bpf load -n /good.efi --append quiet
say crash-image $(cat /sys/kernel/kexec_crash_loaded)
attempt stranger kexec-bpf load /stranger.efi
attempt changed kexec-bpf load /changed.efi
attempt found kexec-bpf load /found/good.efi
attempt list kexec-bpf list --root /esp
attempt default kexec-bpf boot -n --root /esp
attempt entry kexec-bpf boot -n --root /esp b
attempt good kexec-bpf load /good.efi
rmmod -f kexec_bpf &
sleep 2
attempt held kexec-bpf load /good.efi
attempt held-status kexec-bpf status
attempt held-unload kexec-bpf unload
say held-loaded $(cat /sys/kernel/kexec_loaded)
attempt closed kexec-bpf hook enforce
say closed-switch $(cat /proc/sys/kernel/kexec_load_disabled)
";
    let entry = "esp/loader/entries";
    let guest = initramfs_before(&script, &key.sign_module(&directory))
        .file("modprobe", MODPROBE.as_bytes())
        .file("kernel", &sign("kernel", &tiny_efi_kernel()))
        .file("initrd", &small_initrd(b"another's"))
        .file("good.efi", &good)
        .file("unsigned.efi", &unsigned)
        .file("bare.addon.efi", &addon.bytes())
        .file("found/good.efi", &good)
        .file("found/good.efi.extra.d/a.addon.efi", &addon.bytes())
        .file("changed.efi", &changed)
        .file(
            "stranger.efi",
            &stranger.sign_bytes(&directory, "stranger.efi", &unsigned),
        )
        .file("esp/EFI/Linux/good.efi", &good)
        .file("esp/EFI/Linux/unsigned.efi", &unsigned)
        .file("esp/kernel", &sign("kernel", &tiny_efi_kernel()))
        .file("esp/initrd", &small_initrd(b"another's"))
        .file(
            &format!("{entry}/a.conf"),
            b"linux /kernel\ninitrd /initrd\noptions quiet\n",
        )
        .file(
            &format!("{entry}/b.conf"),
            b"uki /EFI/Linux/good.efi\noptions quiet\n",
        );
    let said = secure(&directory, &key, guest, "64M");

    for name in ["hook", "again"] {
        said.expect_lines(name, "0", &["kexec-bpf: enforce is on until reboot"]);
    }
    said.expect_page(
        "status",
        &[
            "enforce yes, until reboot",
            "routes handshake",
            "kexec_load no: enforce refuses it",
        ],
    );
    said.expect_attempt("panic", "0", &["for a panic"]);
    for (name, _, words) in REFUSED {
        said.expect_attempt(name, "4", &["enforce: ", words]);
        assert_eq!(report::problem(&said.all(name)), None);
    }
    said.expect_attempt("dry", "4", &["would fail", "enforce: nothing verifies"]);
    said.expect("crash-image", "1");
    let skipped = "skipped /found/good.efi.extra.d/a.addon.efi: enforce: an addon has no signature";
    said.expect_attempt("found", "0", &[skipped]);
    let key = "the kernel has no key for the image's signature (lockdown: integrity)";
    said.expect_attempt("stranger", "4", &[key]);
    let digest = "digest mismatch: the image was changed after it was signed";
    said.expect_attempt("changed", "4", &[digest]);
    said.expect_attempt(
        "list",
        "0",
        &[
            "good.efi: Test, the default",
            "unsigned.efi: skipped: enforce: the image has no signature",
            "a.conf: skipped: enforce: only a UKI",
            "b.conf: skipped: enforce: nothing verifies words",
        ],
    );
    said.expect_attempt("default", "0", &["good.efi on"]);
    said.expect_attempt("entry", "4", &["entry b.conf cannot boot"]);
    said.expect_attempt("good", "0", &["route handshake"]);
    let held = "the module is being removed; nothing can be loaded";
    said.expect_attempt("held", "4", &["enforce: ", held]);
    let lines = [
        &format!("enforce held: {held}")[..],
        "routes none: enforce: ",
    ];
    said.expect_page("held-status", &lines);
    said.expect("held-unload-code", "0");
    said.expect("held-loaded", "0");
    said.expect_attempt("closed", "4", &["kexec is off until reboot", held]);
    said.expect("closed-switch", "1");
}
