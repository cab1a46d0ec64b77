// SPDX-License-Identifier: GPL-2.0-or-later
//! Under lockdown a parser must give each section that has a purpose once, and all of
//! them from one profile. The parser here gives what a section of the image lists; all
//! images are signed.

use guest::firmware::{self, SigningKey};
use guest::handshake::{KERNEL, NOTHING, STRICT, expect_failure, initramfs_with, tiny_uki};
use guest::initramfs::small_initrd;
use guest::pe::{Pe, tiny_kernel};
use guest::{Initramfs, module};

/// Numbers of the images' sections; `.bpf` and `.give` are 0 and 1.
const LINUX: u8 = 2;
const INITRD: u8 = 3;
const UCODE: u8 = 4;
const CMDLINE: u8 = 5;
const OSREL: u8 = 6;
const PCRSIG: u8 = 7;
const PCRPKEY: u8 = 8;
/// Numbers of the `.profile` sections; the profile's other sections are counted from there.
const PROFILES: [u8; 2] = [9, 12];
const PROFILE_CMDLINE: u8 = 1;
const PROFILE_OSREL: u8 = 2;

/// Targets that give.bpf.c can give a section as.
#[derive(Clone, Copy)]
enum Target {
    Kernel = 1,
    Initrd,
    Cmdline,
    OsRelease,
    Profile,
    Signature,
    Key,
}

type Gift = (u8, Target);

/// The base's sections that no profile overrides.
const BASE: [Gift; 5] = [
    (LINUX, Target::Kernel),
    (UCODE, Target::Initrd),
    (INITRD, Target::Initrd),
    (PCRSIG, Target::Signature),
    (PCRPKEY, Target::Key),
];

struct Case {
    name: &'static str,
    profiles: bool,
    gifts: Vec<Gift>,
    /// Words of the refusal; `None` if it is loaded.
    refusal: Option<String>,
}

fn base() -> Vec<Gift> {
    let own = [(CMDLINE, Target::Cmdline), (OSREL, Target::OsRelease)];
    [&BASE[..], &own].concat()
}

/// Returns the base with these sections as `.profile`, `.cmdline` and `.osrel`.
fn mixed(profile: u8, cmdline: u8, osrel: u8) -> Vec<Gift> {
    let own = [
        (cmdline, Target::Cmdline),
        (osrel, Target::OsRelease),
        (profile, Target::Profile),
    ];
    [&BASE[..], &own].concat()
}

fn of_profile(start: u8) -> Vec<Gift> {
    mixed(start, start + PROFILE_CMDLINE, start + PROFILE_OSREL)
}

fn without(mut gifts: Vec<Gift>, number: u8) -> Vec<Gift> {
    gifts.retain(|gift| gift.0 != number);
    gifts
}

fn twice(mut gifts: Vec<Gift>, number: u8) -> Vec<Gift> {
    let again = gifts.iter().find(|gift| gift.0 == number);
    gifts.push(*again.expect("it is given once"));
    gifts
}

fn cases() -> Vec<Case> {
    let [first, second] = PROFILES;
    let loaded = |name, profiles, gifts| Case {
        name,
        profiles,
        gifts,
        refusal: None,
    };
    let refused = |name, profiles, gifts, words: &str| Case {
        name,
        profiles,
        gifts,
        refusal: Some(format!("cause: lockdown: {words}")),
    };
    let left_out = |name, section, number| {
        let words = format!("the image's {section} was left out");
        refused(name, false, without(base(), number), &words)
    };
    let other = "the sections are not those of one profile";
    vec![
        loaded("base", false, base()),
        loaded("first-profile", true, of_profile(first)),
        loaded("second-profile", true, of_profile(second)),
        left_out("without-linux-initrd", ".initrd", INITRD),
        left_out("without-ucode", ".ucode", UCODE),
        left_out("without-cmdline", ".cmdline", CMDLINE),
        left_out("without-osrel", ".osrel", OSREL),
        left_out("without-pcrsig", ".pcrsig", PCRSIG),
        left_out("without-pcrpkey", ".pcrpkey", PCRPKEY),
        refused("twice-ucode", false, twice(base(), UCODE), other),
        refused("twice-osrel", false, twice(base(), OSREL), other),
        refused("twice-pcrsig", false, twice(base(), PCRSIG), other),
        refused(
            "osrel-of-the-second",
            true,
            mixed(first, first + PROFILE_CMDLINE, second + PROFILE_OSREL),
            other,
        ),
        refused(
            "profile-of-the-second",
            true,
            mixed(second, first + PROFILE_CMDLINE, first + PROFILE_OSREL),
            other,
        ),
        refused(
            "osrel-of-the-base",
            true,
            mixed(first, first + PROFILE_CMDLINE, OSREL),
            other,
        ),
        refused(
            "without-profile",
            true,
            without(of_profile(first), first),
            other,
        ),
        refused("only-base", true, base(), other),
    ]
}

fn image(case: &Case) -> Pe {
    let mut orders = Vec::new();
    for (number, target) in &case.gifts {
        orders.extend([*number, *target as u8]);
    }
    // give.bpf.c reads 16 entries of two bytes.
    orders.resize(32, 0);
    let mut image = Pe::new()
        .section_from(".bpf", &module::program("give"))
        .section(".give", &orders)
        .section(".linux", &tiny_kernel())
        .section(".initrd", &small_initrd(b"an initrd"))
        .section(".ucode", &small_initrd(b"microcode"))
        .section(".cmdline", b"console=ttyS0")
        .section(".osrel", b"NAME=Base\n")
        .section(".pcrsig", b"{}")
        .section(".pcrpkey", b"no key");
    for name in ["first", "second"].iter().filter(|_| case.profiles) {
        image = image
            .section(".profile", format!("ID={name}\n").as_bytes())
            .section(".cmdline", format!("profile={name}").as_bytes())
            .section(".osrel", format!("NAME={name}\n").as_bytes());
    }
    image
}

/// `refusals NAME` says how many lines of the kernel's log say that a kexec was refused.
const REFUSALS: &str = "
refusals() { say \"$1\" $(dmesg | grep -c 'Lockdown: .*kexec of unsigned images'); }
";

/// Loads that must not fill the log: the kernel logs a refusal each time that something
/// asks whether it is locked down.
const ASKED: &str = "
refusals start
for round in 1 2 3; do kexec-bpf load /good.efi || say not-loaded; done
for round in 1 2; do kexec-bpf load /unsigned.efi >/dev/null 2>&1 && say loaded; done
refusals unsigned
kexec-bpf unload
left asked
";

fn first_boot(guest: Initramfs, key: &SigningKey, directory: &std::path::Path) -> guest::Machine {
    firmware::secure_guest(directory, key, KERNEL, guest, STRICT)
}

#[test]
fn each_section_once_and_of_one_profile() {
    let directory = guest::work_dir("module-given");
    let key = SigningKey::new(&directory);
    let cases = cases();
    let mut script = format!("{REFUSALS}{ASKED}");
    for Case { name, .. } in &cases {
        script += &format!(
            "attempt {name} kexec-bpf load /{name}.efi
say {name}-loaded $(cat /sys/kernel/kexec_loaded)
kexec-bpf unload
left {name}
"
        );
    }
    let good = tiny_uki(None).bytes();
    let mut guest = initramfs_with(&script, &key.sign_module(&directory))
        .file("unsigned.efi", &good)
        .file("good.efi", &key.sign_bytes(&directory, "good.efi", &good));
    for case in &cases {
        let name = format!("{}.efi", case.name);
        let signed = key.sign_bytes(&directory, &name, &image(case).bytes());
        guest = guest.file(&name, &signed);
    }
    let said = first_boot(guest, &key, &directory).run();

    for Case { name, refusal, .. } in &cases {
        match refusal {
            Some(words) => {
                said.expect(&format!("{name}-loaded"), "0");
                expect_failure(&said, name, "4", &["EPERM (1)", words]);
            }
            None => {
                said.expect(&format!("{name}-code"), "0");
                said.expect(&format!("{name}-loaded"), "1");
                said.expect(&format!("{name}-left"), NOTHING);
            }
        }
    }
    let count = |key| said.one(key).parse::<u32>().expect("a number of lines");
    assert!(said.all("not-loaded").is_empty(), "signed images load");
    assert!(said.all("loaded").is_empty(), "unsigned ones do not");
    // Under Secure Boot the kernel itself does not ask, because it enforces signatures.
    let asked = count("unsigned") - count("start");
    assert!(asked <= 1, "{asked} refusals logged for five loads");
    said.expect("asked-left", NOTHING);
}
