// SPDX-License-Identifier: GPL-2.0-or-later
//! The next kernel's command line in a plan.
use super::*;
use crate::formats::cmdline::{CmdlineError, X86_RESERVED_BYTES};
use crate::formats::image::uki::SectionKind;
use crate::formats::source::{FileOffset, ReadError, ReadErrorKind};
use crate::host::Host;
use crate::policy::plan::build::{TestFile, manifest};

#[test]
fn the_command_line_has_one_base_and_what_is_appended() {
    let append = words(&["debug", " ", "-- single"]);
    for (command_line, reuse_cmdline, base, text) in [
        (
            None,
            false,
            CmdlineBase::Image,
            "root=/dev/vda quiet debug -- single",
        ),
        (
            Some("a  b "),
            false,
            CmdlineBase::User,
            "a  b debug -- single",
        ),
        (Some(""), false, CmdlineBase::User, "debug -- single"),
        (
            None,
            true,
            CmdlineBase::Running,
            "root=/dev/sda quiet debug -- single",
        ),
    ] {
        let options = Options {
            command_line: command_line.map(|text| text.as_bytes().to_vec()),
            reuse_cmdline,
            append: append.clone(),
            ..Options::default()
        };
        let cmdline = plan_of(&build::uki(), &options).unwrap().cmdline;
        assert_eq!(cmdline.base, base);
        assert_eq!(String::from_utf8(cmdline.text).unwrap(), text);
    }
}

#[test]
fn reuse_tells_what_it_drops() {
    let options = Options {
        reuse_cmdline: true,
        ..Options::default()
    };
    let cmdline = plan_of(&build::bzimage(), &options).unwrap().cmdline;
    let dropped: Vec<_> = cmdline.dropped.iter().map(|d| d.word.as_slice()).collect();
    assert_eq!(dropped, [&b"BOOT_IMAGE=/vmlinuz"[..], b"initrd=a.img"]);
    assert!(cmdline.dropped.iter().all(|d| !d.reason.is_empty()));

    let no_proc = Host {
        running_cmdline: None,
        ..machine()
    };
    let error = plan_on(&build::bzimage(), &options, &no_proc).unwrap_err();
    assert_eq!(error, PlanError::NoRunningCmdline);
}

#[test]
fn a_command_line_is_as_long_as_the_kernel_takes() {
    // The built image's cmdline_size, less what the kernel reserves.
    let max_bytes = 2047 - u64::from(X86_RESERVED_BYTES);
    let options = |bytes: u64| Options {
        command_line: Some(vec![b'x'; usize::try_from(bytes).unwrap()]),
        ..Options::default()
    };
    assert!(plan_of(&build::bzimage(), &options(max_bytes)).is_ok());
    let error = plan_of(&build::bzimage(), &options(max_bytes + 1)).unwrap_err();
    let bytes = max_bytes + 1;
    let expected = PlanError::Cmdline {
        error: CmdlineError::TooLong { bytes, max_bytes },
        users: true,
    };
    assert_eq!(error, expected);
}

#[test]
fn a_cmdline_section_decides_no_heap() {
    let bytes = crate::formats::cmdline::MAX_SECTION_BYTES + 1;
    let text = vec![b'x'; usize::try_from(bytes).unwrap()];
    let error = plan_of(&uki_with(&[(".cmdline", &text)]), &Options::default()).unwrap_err();
    let expected = ReadError {
        offset: FileOffset(0x200),
        wanted_bytes: bytes,
        kind: ReadErrorKind::TooLarge {
            max_bytes: crate::formats::cmdline::MAX_SECTION_BYTES,
        },
    };
    let kind = SectionKind::Cmdline;
    assert_eq!(error.to_string(), format!(".cmdline: {expected}"));
    let error_of_section = PlanError::Section {
        kind,
        error: expected,
    };
    assert_eq!(error, error_of_section);
}

#[test]
fn who_gave_the_words_that_are_too_many_is_at_fault() {
    let long = vec![b'x'; 3000];
    let user = Options {
        append: vec![long.clone()],
        ..Options::default()
    };
    let entry = Options {
        entry_words: long,
        mark_chained: true,
        ..Options::default()
    };
    for (options, exit) in [(user, Exit::Usage), (entry, Exit::BadImage)] {
        let error = plan_of(&build::bzimage(), &options).unwrap_err();
        assert_eq!(error.diagnose().exit, exit, "{error:?}");
    }
}

/// As in systemd-boot, whichever key names the UKI.
#[test]
fn an_entrys_words_replace_a_ukis() {
    let options = Options {
        entry_words: b"entry".to_vec(),
        append: words(&["user"]),
        ..Options::default()
    };
    for (image, base) in [
        (build::uki(), CmdlineBase::Entry),
        (build::bzimage(), CmdlineBase::Entry),
    ] {
        let cmdline = plan_of(&image, &options).unwrap().cmdline;
        assert_eq!(cmdline.text, b"entry user");
        assert_eq!(cmdline.base, base);
    }
    let cmdline = plan_of(&build::uki(), &Options::default()).unwrap().cmdline;
    assert_eq!(cmdline.base, CmdlineBase::Image);
}

#[test]
fn words_for_a_uki_may_begin_with_its_profile() {
    let image = build::pe(&[
        (".linux", &build::bzimage()),
        (".cmdline", b"own"),
        (".profile", b"ID=main\n"),
        (".profile", b"ID=rescue\n"),
        (".cmdline", b"single"),
    ]);
    for (words, number, line) in [
        ("@1 quiet", 1, "quiet"),
        ("@rescue  quiet", 1, "quiet"),
        ("@main", 0, "own"),
        ("@1", 1, "single"),
        ("@ quiet", 0, "@ quiet"),
        ("quiet @1", 0, "quiet @1"),
    ] {
        let user = Options {
            command_line: Some(words.into()),
            ..Options::default()
        };
        let entry = Options {
            entry_words: words.into(),
            ..Options::default()
        };
        for options in [user, entry] {
            let mut manifest = manifest(&image);
            let file = TestFile::Bytes(&image);
            manifest.profile = profile_number(&file, &manifest.detected, &options).unwrap();
            assert_eq!(manifest.profile, number, "{words}");
            let found = plan(&options, &manifest, &Host::default()).unwrap();
            assert_eq!(found.cmdline.text, line.as_bytes(), "{words}");
            // A kernel has no profiles.
            let bare = plan_of(&build::bzimage(), &options).unwrap();
            assert_eq!(bare.cmdline.text, words.as_bytes());
        }
    }
}
