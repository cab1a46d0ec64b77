// SPDX-License-Identifier: GPL-2.0-or-later
//! IMA measures the parts of a load by the handshake: each file, and the command
//! line that the next kernel gets, whoever made it.

use guest::handshake::{KERNEL, NOTHING, machine, tiny_uki, tiny_uki_with};
use guest::ima::{self, Measured};
use guest::payload::sha256;
use guest::pe::{Pe, tiny_efi_kernel};
use guest::second_initrd;

const POLICY: &str = "measure func=KEXEC_KERNEL_CHECK
measure func=KEXEC_INITRAMFS_CHECK
measure func=KEXEC_CMDLINE
measure func=CRITICAL_DATA label=kexec_bpf template=ima-buf
";

/// Name of the kernel's own measurement, of the command line passed to the system call.
const PASSED: &str = "kexec-cmdline";
/// Name of the module's measurement, of the command line that the next kernel gets.
const FINAL: &str = "kexec-bpf-cmdline";

const COMPANIONS: &str =
    "--addon /a.addon.efi --addon /secret.cred --addon /empty.cred --append of=user";

/// Returns the texts measured under `name`, oldest first.
fn texts<'a>(list: &'a [Measured], name: &str) -> Vec<&'a str> {
    let events = list.iter().filter(|entry| entry.name == name);
    events.filter_map(|entry| entry.text.as_deref()).collect()
}

fn has_file(list: &[Measured], path: &str, data: &[u8]) -> bool {
    let digest = format!("sha256:{}", sha256(data));
    list.iter()
        .any(|entry| entry.name == path && entry.digest == digest)
}

#[test]
fn measurements() {
    let directory = guest::work_dir("ima-measure");
    let key = ima::Key::new(&directory, "ima");
    let base = format!("console=ttyS0 nonce={}", guest::nonce());
    let linux = std::fs::read(KERNEL.image()).expect("read the kernel");
    let image = Pe::new()
        .section(".osrel", b"NAME=Test\n")
        .section(".linux", &linux)
        .section(".initrd", &second_initrd(&[]))
        .section(".profile", b"ID=one\n")
        .section(".cmdline", format!("{base} profile=one").as_bytes())
        .section(".profile", b"ID=two\n")
        // The module trims and joins command lines, and measures the result.
        .section(".cmdline", format!(" {base}  profile=two\n").as_bytes())
        .bytes();
    let addon = Pe::new().section(".cmdline", b" from=addon\n").bytes();
    let secret = b"a secret";
    let forged = tiny_uki_with("carry_cmdline").bytes();
    let bare = tiny_uki(None).bytes();
    let script = format!(
        "attempt one kexec-bpf load /a.efi --profile one {COMPANIONS}
measured one
attempt forged kexec-bpf load /forged.efi --append of=user
say forged-loaded $(cat /sys/kernel/kexec_loaded)
measured forged
kexec-bpf unload
attempt carried client load 60000 ready,carry:/kernel,signal /bare.efi
say carried-loaded $(cat /sys/kernel/kexec_loaded)
measured carried
kexec-bpf unload
left carried
attempt again kexec-bpf load /forged.efi --append of=user
measured again
attempt two kexec-bpf load /a.efi --profile two {COMPANIONS}
measured two
kexec-bpf exec
"
    );
    let guest = ima::initramfs(&key, POLICY, &script)
        .file("a.efi", &image)
        .file("a.addon.efi", &addon)
        .file("secret.cred", secret)
        .file("empty.cred", b"")
        .file("forged.efi", &forged)
        .file("bare.efi", &bare)
        .file("kernel", &tiny_efi_kernel());
    let said = machine(&directory, guest).memory_mb(1024).run();
    said.expect("policy", "taken");
    for load in ["one", "forged", "carried", "again", "two"] {
        said.expect(&format!("{load}-code"), "0");
    }

    // Every file, and both command lines.
    let list = ima::measured(&said, "one");
    assert!(has_file(&list, "/a.efi", &image), "{list:?}");
    assert!(has_file(&list, "/a.addon.efi", &addon), "{list:?}");
    assert!(has_file(&list, "/secret.cred", secret), "{list:?}");
    // The kernel does not read an empty file.
    assert!(!list.iter().any(|entry| entry.name == "/empty.cred"));
    let one = format!("{base} profile=one from=addon of=user");
    assert_eq!(texts(&list, PASSED), ["of=user"], "{list:?}");
    assert_eq!(texts(&list, FINAL), [one.as_str()], "{list:?}");

    // The parser makes its own command line, which is measured. The one passed to
    // the system call is in the list already.
    said.expect("forged-loaded", "1");
    let list = ima::measured(&said, "forged");
    assert!(has_file(&list, "/forged.efi", &forged), "{list:?}");
    assert_eq!(texts(&list, PASSED), ["of=user"], "{list:?}");
    assert_eq!(
        texts(&list, FINAL).last(),
        Some(&"console=ttyS0 forged of=user"),
        "{list:?}"
    );

    // A kernel from BPF memory is not a file, so it is not in the list. The parser
    // gave no command line: only its NUL is measured.
    said.expect("carried-loaded", "1");
    said.expect("carried-left", NOTHING);
    let before = list.len();
    let list = ima::measured(&said, "carried");
    assert!(has_file(&list, "/bare.efi", &bare), "{list:?}");
    assert_eq!(list.len(), before + 2, "{list:?}");

    // The kernel does not add an entry twice, so the last command line in the list
    // need not be the last that was loaded.
    let before = list;
    assert_eq!(ima::measured(&said, "again"), before);

    // Only the profile has changed: no file is new.
    let list = ima::measured(&said, "two");
    let two = format!("{base}  profile=two from=addon of=user");
    assert_eq!(texts(&list, PASSED), ["of=user"], "{list:?}");
    assert_eq!(texts(&list, FINAL).last(), Some(&two.as_str()), "{list:?}");
    assert_eq!(list.len(), before.len() + 1, "{list:?}");

    // The next kernel gets the command line that was measured.
    said.expect("second", &KERNEL.release());
    said.expect("cmdline", &two);
}
