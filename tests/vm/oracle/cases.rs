// SPDX-License-Identifier: GPL-2.0-or-later
//! The UKIs that the stub and kexec-bpf must boot alike, and what each boot must show at
//! least, so that two empty results do not pass.

use std::path::{Path, PathBuf};

use super::chain::Boot;
use guest::initramfs::extra_initrd;
use guest::uki::Uki;
use guest::{Payload, Transcript};

/// One UKI, its companion files, and the way to boot it.
pub struct Case {
    pub name: &'static str,
    /// Path on the disk when it is made.
    pub path: &'static str,
    /// Path after the firmware's boot, in which systemd-boot counts a try.
    pub booted_path: &'static str,
    /// systemd-boot's name for it.
    pub entry: &'static str,
    /// More arguments of `load`.
    pub arguments: &'static str,
    /// Contents of its own initrd.
    pub payload: Vec<Payload>,
    pub image: fn(&Path, Uki) -> Uki,
    pub files: Vec<(String, Vec<u8>)>,
    /// Paths below /.extra and words of the command line that must be there.
    shows: &'static [&'static str],
    /// Words of the command line that must not be there.
    hides: &'static [&'static str],
    /// Words that kexec-bpf must print.
    tells: &'static [&'static str],
}

impl Case {
    /// Checks the boot by the stub, and what kexec-bpf has printed.
    #[track_caller]
    pub fn check(&self, boot: &Boot, said: &Transcript) {
        let all = format!("{} \n{}\n", boot.cmdline, boot.extra.join("\n"));
        for word in self.shows {
            if !all.contains(word) {
                said.fail(&format!(
                    "{}: the stub does not show {word}: {all}",
                    self.name
                ));
            }
        }
        for word in self.hides {
            if all.contains(word) {
                said.fail(&format!("{}: the stub shows {word}: {all}", self.name));
            }
        }
        for route in super::chain::ROUTES {
            said.expect_words(&format!("{}-{route}", self.name), self.tells);
        }
    }
}

fn case(name: &'static str, path: &'static str, entry: &'static str) -> Case {
    Case {
        name,
        path,
        booted_path: path,
        entry,
        arguments: "",
        payload: vec![Payload::new(name, 10_001)],
        image: |_, uki| uki,
        files: Vec::new(),
        shows: &[".extra/os-release 444 "],
        hides: &[],
        tells: &[],
    }
}

/// Writes these bytes to a file in `directory`, and returns its path.
fn write(directory: &Path, name: &str, data: &[u8]) -> PathBuf {
    let path = directory.join(name);
    std::fs::write(&path, data).expect("write a file of a case");
    path
}

fn archive(directory: &Path, name: &str) -> PathBuf {
    write(
        directory,
        name,
        &extra_initrd(&[&Payload::new(name, 5_003)]),
    )
}

fn with_profiles(directory: &Path, uki: Uki) -> Uki {
    let second = Uki::profile(
        directory,
        "second",
        "console=ttyS0 panic=-1 no_timer_check profile=second",
    )
    .options(&["--os-release", "NAME=Second\n"])
    .options(&["--section", ".pcrpkey:second key\n"])
    .build();
    uki.options(&["--profile", "ID=main\nTITLE=Main"])
        .options(&["--section", ".pcrpkey:base key\n"])
        .options(&["--join-profile", &second.display().to_string()])
}

pub fn images() -> Vec<Case> {
    let ucode = |directory: &Path, uki: Uki| uki.microcode(&archive(directory, "ucode"));
    let initrds = |directory: &Path, uki: Uki| uki.initrd(&archive(directory, "second"));
    let policy = |directory: &Path, uki: Uki| {
        let signature = write(directory, "signature", b"{\"sha256\":[]}\n");
        uki.options(&["--section", ".pcrpkey:a public key\n"])
            .options(&["--section", &format!(".pcrsig:@{}", signature.display())])
    };
    let own = |directory: &str, name: &str, data: &str| {
        let path = format!("EFI/Linux/{directory}.extra.d/{name}");
        (path, data.as_bytes().to_vec())
    };
    vec![
        case("plain", "EFI/Linux/plain.efi", "plain.efi"),
        Case {
            image: ucode,
            ..case("ucode", "EFI/Linux/ucode.efi", "ucode.efi")
        },
        Case {
            image: initrds,
            ..case("two-initrds", "EFI/Linux/initrds.efi", "initrds.efi")
        },
        Case {
            image: policy,
            shows: &[
                ".extra/tpm2-pcr-signature.json 444 ",
                ".extra/tpm2-pcr-public-key.pem 444 ",
            ],
            ..case("policy", "EFI/Linux/policy.efi", "policy.efi")
        },
        Case {
            image: with_profiles,
            shows: &["case=profile-default", ".extra/profile 444 "],
            ..case("profile-default", "EFI/Linux/first.efi", "first.efi*")
        },
        Case {
            // The profile's sections override the base's, one by one.
            image: with_profiles,
            arguments: "--profile second",
            shows: &["profile=second", ".extra/profile 444 "],
            hides: &["case="],
            ..case(
                "profile-second",
                "EFI/Linux/second.efi",
                "second.efi@second",
            )
        },
        Case {
            booted_path: "EFI/Linux/counted+2-1.efi",
            files: vec![own(
                "counted.efi",
                "counted.cred",
                "found without the counter",
            )],
            shows: &[".extra/credentials/counted.cred 400 "],
            ..case("counted", "EFI/Linux/counted+3.efi", "counted*.efi")
        },
    ]
}

/// Returns the bytes of an addon; `change` may damage it.
fn addon(name: &str, cmdline: &str, change: impl Fn(Uki) -> Uki) -> Vec<u8> {
    let directory = guest::work_dir(&format!("oracle-addon-{name}"));
    let path = change(Uki::addon(&directory, name, cmdline)).build();
    std::fs::read(path).expect("read the addon")
}

pub fn companions() -> Vec<Case> {
    let global = |name: &str, data: Vec<u8>| (format!("loader/{name}"), data);
    let own = |image: &str, name: &str, data: Vec<u8>| {
        (format!("EFI/Linux/{image}.efi.extra.d/{name}"), data)
    };
    let plain = |name: &str, cmdline: &str| addon(name, cmdline, |addon| addon);
    let text = |text: &str| text.as_bytes().to_vec();
    let mut wrong_machine = plain("machine", "wrong=machine");
    // The PE header says arm64.
    let pe = usize::from(wrong_machine[0x3c]) + 4;
    wrong_machine[pe..pe + 2].copy_from_slice(&[0x64, 0xaa]);
    let wrong_uname = addon("uname", "wrong=uname", |addon| {
        addon.options(&["--uname", "6.0.0-other"])
    });
    let part_of_uname = addon("part", "part-of=uname", |addon| {
        addon.options(&["--uname", "6.12."])
    });
    let archives = guest::work_dir("oracle-addon-archives");
    let with_initrd = |name: &str| {
        let initrd = archive(&archives, &format!("{name}-initrd"));
        let ucode = archive(&archives, &format!("{name}-ucode"));
        addon(name, "with=initrd", |addon| {
            addon.initrd(&initrd).microcode(&ucode)
        })
    };
    let many = (0..100).map(|number| {
        let name = format!("number-{number}.cred");
        own("creds", &name, text(&format!("secret {number}")))
    });
    vec![
        Case {
            // All images of this disk have these.
            files: vec![
                global("addons/b.addon.efi", plain("b", " global=b\n")),
                global("addons/A.ADDON.EFI", plain("A", "global=A")),
                global("addons/ignored.efi", plain("ignored", "global=ignored")),
                global("credentials/all.cred", text("for all images")),
                global("credentials/all.raw", text("not taken")),
                global("extensions/all.raw", text("a system extension")),
                global("extensions/all.confext.raw", text("a configuration")),
                global("extensions/all.cred", text("not taken")),
                own("addons", "z.addon.efi", plain("z", "own=z")),
                own("addons", "Y y.addon.efi", plain("y", "own=y")),
            ],
            shows: &[
                " global=A global=b own=y own=z ",
                ".extra/global_credentials/all.cred 400 ",
                ".extra/global_credentials 500 ",
                ".extra/global_sysext/all.raw 444 ",
                ".extra/global_confext/all.confext.raw 444 ",
            ],
            hides: &["ignored", "all.raw 400", "sysext/all.cred"],
            ..case("addons", "EFI/Linux/addons.efi", "addons.efi")
        },
        Case {
            files: vec![
                own("initrds", "a.addon.efi", with_initrd("a")),
                own("initrds", "b.addon.efi", with_initrd("b")),
            ],
            shows: &["with=initrd with=initrd"],
            ..case("addon-initrds", "EFI/Linux/initrds.efi", "initrds.efi")
        },
        Case {
            files: vec![
                own("refused", "a.addon.efi", wrong_uname),
                own("refused", "b.addon.efi", wrong_machine),
                own("refused", "c.addon.efi", text("damaged")),
                own("refused", "d.addon.efi", Vec::new()),
                own("refused", "e.addon.efi", plain("e", "good=one")),
                own("refused", "f.addon.efi", part_of_uname),
            ],
            shows: &["good=one part-of=uname"],
            hides: &["wrong="],
            tells: &["a.addon.efi", "b.addon.efi", "c.addon.efi", "d.addon.efi"],
            ..case("refused-addons", "EFI/Linux/refused.efi", "refused.efi")
        },
        Case {
            files: [
                own("creds", "a.cred", text("own")),
                own("creds", "empty.cred", Vec::new()),
                own("creds", "with space.cred", text("space")),
                own("creds", "UPPER.CRED", text("upper")),
                own("creds", ".hidden.cred", text("hidden")),
                own("creds", "directory.cred/inside", text("in a directory")),
            ]
            .into_iter()
            .chain(many)
            .collect(),
            shows: &[
                ".extra/credentials/a.cred 400 ",
                ".extra/credentials/with space.cred 400 ",
                ".extra/credentials/number-99.cred 400 ",
                ".extra/credentials/empty.cred 400 ",
                ".extra/credentials/UPPER.CRED 400 ",
            ],
            hides: &["hidden", "directory.cred"],
            tells: &["directory.cred"],
            ..case("credentials", "EFI/Linux/creds.efi", "creds.efi")
        },
        Case {
            files: vec![
                own("exts", "TOOLS.RAW", text("short name")),
                own("exts", "lower.raw", text("a system extension")),
                own("exts", "dev.sysext.raw", text("another")),
                own("exts", "net.confext.raw", text("a configuration")),
            ],
            shows: &[
                ".extra/sysext/dev.sysext.raw 444 ",
                ".extra/confext/net.confext.raw 444 ",
            ],
            hides: &["sysext/net.confext.raw"],
            ..case("extensions", "EFI/Linux/exts.efi", "exts.efi")
        },
    ]
}
