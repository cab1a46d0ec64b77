// SPDX-License-Identifier: GPL-2.0-or-later
//! `--json`: members that the other tests of it do not reach on this host, and texts of
//! images, byte for byte.

use std::ffi::OsStr;
use std::fs;

use crate::build;
use crate::json::{both, is_in_docs};
use crate::program::Directory;

/// Returns the string literals that calls of a function have as their first argument, or
/// as the one after an object that is written to.
fn literals<'source>(source: &'source str, call: &str) -> Vec<&'source str> {
    let calls = source.split(call).skip(1);
    let literal = |rest: &'source str| {
        let (before, rest) = rest.split_once('"')?;
        let before = before.trim();
        let is_first = before.is_empty() || before.ends_with(',') && !before.contains([')', ';']);
        is_first.then(|| rest.split('"').next())?
    };
    calls.filter_map(literal).collect()
}

/// Returns the name of the member that a label for people gives.
fn member(label: &str) -> String {
    let mut name = String::new();
    for word in label.replace('\'', "").split([' ', '_']) {
        match name.is_empty() {
            true => name.push_str(word),
            false => {
                name.push_str(&word[..1].to_uppercase());
                name.push_str(&word[1..]);
            }
        }
    }
    name
}

/// Whatever a command prints on some machine, the page has it: every name in the source.
#[test]
fn every_member_in_the_source_is_described() {
    let mut members = Vec::new();
    let cli = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cli");
    for file in fs::read_dir(cli).unwrap() {
        let path = file.unwrap().path();
        if path.extension() != Some(OsStr::new("rs")) {
            continue;
        }
        let source = fs::read_to_string(path).unwrap();
        let source = source.split("#[cfg(test)]").next().unwrap();
        for call in [
            "json.text(",
            "json().text(",
            "json.some(",
            "json.count(",
            "json().count(",
            "json.number(",
            "json.flag(",
            "json().flag(",
            "json.array(",
            "json().array(",
            "json.object(",
            "json().object(",
            "report::object(",
            "add_blocker(",
            "both(",
            "state(",
            "sentence(",
            "left(",
        ] {
            members.extend(literals(source, call).into_iter().map(member));
        }
    }
    // An option is no member.
    members.retain(|name| !name.is_empty() && !name.starts_with('-'));
    assert!(members.len() > 80, "{members:?}");
    let missing: Vec<_> = members.iter().filter(|name| !is_in_docs(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Texts of an image reach a program as they are in the file, whichever section they are of;
/// those that are not UTF-8 are arrays of bytes.
#[test]
fn texts_of_an_image_are_what_it_has() {
    let directory = Directory::new("json-texts");
    fs::create_dir_all(directory.path("EFI/Linux")).unwrap();
    let mut kernel = build::bzimage();
    let at = kernel
        .windows(build::KERNEL_VERSION.len())
        .position(|found| found == build::KERNEL_VERSION.as_bytes())
        .unwrap();
    kernel[at..at + 3].copy_from_slice(b"6\x1b\xff");
    let image = build::pe(&[
        (
            ".osrel",
            b"ID=a\nPRETTY_NAME=\"T\x1b\xff\"\nVERSION=\"\x1bV\"\n",
        ),
        (".linux", &kernel),
        (".cmdline", b"c\xff"),
        (".profile", b"ID=one\nTITLE=\"\\\\u{1b}\"\n"),
        (".profile", b"ID=i\x1b\nTITLE=t\xff\n"),
    ]);
    directory.file("a.efi", &image);
    directory.file("EFI/Linux/a.efi", &image);
    let (document, run, text) = both(&directory, &["inspect", "a.efi", "--profile=1"]);
    assert_eq!(run.code, 0);
    for (path, value) in [
        (".profiles.number", "1"),
        (".profiles.isShown", "false"),
        (".profiles.isShown", "true"),
        (".profiles.title", "\\\\u{1b}"),
        (".profiles.id", "i\\u001b"),
    ] {
        document.has(path, value);
    }
    for (path, bytes) in [
        (".system", &["84", "27", "255"][..]),
        (".profiles.title", &["116", "255"]),
        (".commandLine", &["99", "255"]),
        (".uses.commandLine", &["99", "255"]),
    ] {
        let values = document.values(path);
        assert!(values.ends_with(bytes), "{path}: {values:?}");
    }
    let kernel = document.values(".kernel");
    assert!(kernel.starts_with(&["[]", "54", "27", "255"]), "{kernel:?}");
    // A terminal gets nothing raw.
    for shown in ["T\\u{1b}\\xff", "1:*i\\u{1b} t\\xff", "6\\u{1b}\\xff"] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    let (document, _, text) = both(&directory, &["list", "--root=."]);
    document.has(".entries.version", "\\u001bV");
    document.has(".entries.title", "255");
    assert!(!text.contains('\x1b'), "{text:?}");
    let (document, _, text) = both(&directory, &["load", "-n", "a.efi", "--route=extract"]);
    document.has(".kernel.release", "255");
    assert!(text.contains("6\\u{1b}\\xff"), "{text}");
}

/// Names are compared, so that a sentence in place of one is worse than nothing.
#[test]
fn what_has_no_name_is_absent() {
    let directory = Directory::new("json-unnamed");
    let mut kernel = build::bzimage();
    // The pointer to the version.
    kernel[0x20e..0x210].fill(0);
    for kernel in [&kernel[..], b"no kernel"] {
        let image = build::pe(&[(".osrel", b"VERSION=1\n"), (".linux", kernel)]);
        directory.file("a.efi", &image);
        let (document, run, text) = both(&directory, &["inspect", "a.efi"]);
        assert_eq!(run.code, 0);
        assert!(
            text.contains("\nsystem        unnamed\nkernel        "),
            "{text}"
        );
        assert!(!document.is_there(".kernel") && !document.is_there(".system"));
    }
}

/// A section that load does not read, or reads a part of, hides none of the others.
#[test]
fn long_texts_do_not_end_an_inspection() {
    let directory = Directory::new("json-long");
    let long = [&b"ID=a\nNAME=N\n#"[..], &[b'x'; 70_000]].concat();
    for (section, shown) in [
        (".osrel", "system        N\n"),
        (".profile", "profiles      0:*a "),
        (".cmdline", "command line  70013 bytes of text at "),
    ] {
        let image = build::pe(&[(".linux", &build::bzimage()), (section, &long)]);
        directory.file("a.efi", &image);
        let (_, run, text) = both(&directory, &["inspect", "a.efi"]);
        assert_eq!(run.code, 0, "{run:?}");
        assert!(text.contains(shown), "{section}: {text}");
        assert!(text.contains("\nsections "), "{text}");
    }
}

/// `inspect` ends well, whatever a load would come to.
#[test]
fn the_error_of_a_load_is_not_that_of_an_inspection() {
    let directory = Directory::new("json-refused");
    directory.file("a.efi", &build::pe(&[(".cmdline", b"addon")]));
    let (document, run, _) = both(&directory, &["inspect", "a.efi"]);
    assert_eq!(run.code, 0);
    document.has(".error.exitCode", "3");
    document.has(".kind", "an addon");
}
