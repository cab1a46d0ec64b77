// SPDX-License-Identifier: GPL-2.0-or-later
//! PE files whose headers contradict each other, or point outside the file. Each
//! has a signature by a key that the kernel trusts, copied from a file that was
//! signed: that is enough for an attacker to make the kernel's own check hash
//! what the headers name. Each file is loaded under Secure Boot as an image, as
//! an addon to a good image, or as a kernel that needs no parser. The module and
//! this program must judge it alike, and the kernel's log must stay clean.

mod cases;
mod image;

use kexec_bpf::parts::image::examine;
use kexec_bpf::parts::image::{Image, detect};

use cases::Case;
use guest::Transcript;
use guest::firmware::{self, SigningKey};
use guest::handshake::{KERNEL, NOTHING, STRICT, initramfs_with, tiny_uki};
use guest::pe::{Pe, tiny_efi_kernel};

const SCRIPT: &str = r#"
say lockdown "$(cat /sys/kernel/security/lockdown)"
attempt hostile client hostile /cases
kexec-bpf unload
left hostile
say traces "$(dmesg | grep -cE 'BUG:|WARNING:|Oops|Call Trace|KASAN')"
"#;

/// Result of the check of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    /// The headers are wrong: the kernel's check must not see the file.
    Refused,
    /// The kernel's check saw it, and rejected the signature.
    Unsigned,
    /// The kernel's check accepted the signature.
    Verified,
}

/// Returns this program's verdict.
fn by_program(case: &Case) -> Verdict {
    let bytes = case.bytes.as_slice();
    let Ok(image) = detect(bytes) else {
        return Verdict::Refused;
    };
    let is_what_it_was = match case.name.as_bytes()[0] {
        b'i' => matches!(image, Image::Uki { .. }),
        b'a' => matches!(image, Image::Addon { .. }),
        _ => matches!(image, Image::BzImage { .. }),
    };
    if !is_what_it_was || image.check_certificates().is_err() {
        return Verdict::Refused;
    }
    let Some(pe) = image.pe() else {
        return Verdict::Unsigned;
    };
    let found = examine(bytes, pe);
    match found.signatures.first() {
        Some(Ok(first)) if found.matches(first) == Some(true) => Verdict::Verified,
        _ => Verdict::Unsigned,
    }
}

/// Returns the verdict of the module and the kernel, from the error, stage and reason
/// that they report; `None` for a report that no case should have.
fn by_module(name: &str, error: i32, stage: u32, reason: &str) -> Option<Verdict> {
    const PROBE: u32 = 1;
    const SIGNATURE: u32 = 2;
    const HANDSHAKE: u32 = 4;
    const ENOEXEC: i32 = -8;
    const ETIMEDOUT: i32 = -110;
    const ADDED_FIRST: &str = "lockdown: /addon: added before the image's own initrd";
    let signature = |words: &str| {
        let words = words.split(" (").next().unwrap_or_default();
        let refusals = [
            "not signed",
            "signed by a key that is not known here",
            "signature rejected",
        ];
        refusals.contains(&words)
    };
    Some(match (name.as_bytes()[0], stage) {
        (b'i' | b'k', PROBE) if error == ENOEXEC => Verdict::Refused,
        (b'i', SIGNATURE) => Verdict::Unsigned,
        (b'i', HANDSHAKE) if error == ETIMEDOUT => Verdict::Verified,
        // The kernel loads it without the module.
        (b'k', 0) if error == 0 => Verdict::Verified,
        (b'k', 0) if error != ENOEXEC => Verdict::Unsigned,
        // The addon passed all checks but the last: it must come after the image's initrd.
        (b'a', _) if reason == ADDED_FIRST => Verdict::Verified,
        (b'a', _) => match reason.strip_prefix("addon /addon: ") {
            Some(words) if signature(words) => Verdict::Unsigned,
            Some(_) => Verdict::Refused,
            None => return None,
        },
        _ => return None,
    })
}

/// Makes all files from three signed ones.
fn cases(directory: &std::path::Path, key: &SigningKey) -> Vec<Case> {
    let addon = Pe::new()
        .section(".cmdline", b"from=addon")
        .section(".initrd", &[0x5a; 0x600]);
    let sign = |name: &str, bytes: &[u8]| key.sign_bytes(directory, name, bytes);
    let mut all = cases::of('i', &sign("image", &tiny_uki(None).bytes()));
    all.extend(cases::of('a', &sign("addon", &addon.bytes())));
    all.extend(cases::of('k', &sign("kernel", &tiny_efi_kernel())));
    all
}

/// One addon of four, because each load with an addon verifies the good image as well.
#[test]
fn the_kernel_sees_no_file_that_two_readers_could_see_differently() {
    judged_alike("hostile-pe", 4);
}

#[test]
fn more_addons() {
    judged_alike("hostile-pe-addons", 1);
}

/// Expects the module and the program to judge all files alike; of the addons, one of
/// `each` and all that are verified.
fn judged_alike(test: &str, each: usize) {
    let directory = guest::work_dir(test);
    let key = SigningKey::new(&directory);
    let mut all = cases(&directory, &key);
    let mut addons = 0;
    all.retain(|case| {
        let is_addon = case.name.starts_with('a');
        addons += usize::from(is_addon);
        !is_addon || addons % each == 0 || by_program(case) == Verdict::Verified
    });
    let good = key.sign_bytes(&directory, "good.efi", &tiny_uki(None).bytes());
    let mut guest = initramfs_with(SCRIPT, &key.sign_module(&directory)).file("good.efi", &good);
    for case in &all {
        guest = guest.file(&format!("cases/{}", case.name), &case.bytes);
    }
    // The kernel logs a line for each wrong signature.
    let words = format!("loglevel=4 {STRICT}");
    let said = firmware::secure_guest(&directory, &key, KERNEL, guest, &words)
        .timeout_s(600)
        .run();

    said.expect("lockdown", "none [integrity] confidentiality");
    said.expect("traces", "0");
    said.expect("hostile-code", "0");
    said.expect("hostile-left", NOTHING);
    compare(&all, &said);
}

fn compare(all: &[Case], said: &Transcript) {
    let mut lines = said.all("hostile").into_iter();
    let mut wrong = Vec::new();
    let mut counts = [0; 3];
    let mut sorted: Vec<&Case> = all.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    for case in sorted {
        let line = lines.next().unwrap_or_default();
        let mut words = line.splitn(4, ' ');
        let name = words.next().unwrap_or_default();
        let error: Option<i32> = words.next().and_then(|word| word.parse().ok());
        let stage: Option<u32> = words.next().and_then(|word| word.parse().ok());
        let reason = words.next().unwrap_or_default();
        let module = match (error, stage) {
            (Some(error), Some(stage)) if name == case.name => {
                by_module(name, error, stage, reason)
            }
            _ => None,
        };
        let program = by_program(case);
        counts[program as usize] += 1;
        if module != Some(program) {
            wrong.push(format!(
                "{} ({}): program {program:?}, module {module:?}: {line}",
                case.name, case.what
            ));
        }
    }
    // All three verdicts must occur, or the comparison proves nothing.
    let [refused, unsigned, verified] = counts;
    println!("{refused} refused, {unsigned} with a bad signature, {verified} verified");
    assert!(
        refused > 500 && unsigned > 100 && verified >= 9,
        "{counts:?}"
    );
    if !wrong.is_empty() {
        let first: Vec<_> = wrong.iter().take(40).map(String::as_str).collect();
        said.fail(&format!(
            "{} of {} files are not judged alike:\n{}",
            wrong.len(),
            all.len(),
            first.join("\n")
        ));
    }
}
