// SPDX-License-Identifier: GPL-2.0-or-later
//! Type 1 entries, and grub's variables in them.

use crate::formats::entries::error::EntryError;
use crate::formats::entries::grubenv::{self, Grubenv};
use crate::formats::entries::type1::{EntryKind, Type1};

fn parse(text: &[u8]) -> Type1 {
    Type1::parse(text, "x86_64", None)
}

#[test]
fn an_entry_as_the_specification_has_it() {
    let text = b"# comment\r
title        Fedora 19 (Rawhide)\r
sort-key     fedora\r
machine-id   6a9857a393724b7a981ebb5b8495b9ea\r
version      3.8.0-2.fc19.x86_64\r
options      root=UUID=6d3376e4 quiet\r
options\t splash\r
architecture X64\r
linux        /6a98/linux\r
initrd       6a98/ucode\r
initrd       //6a98/initrd\r
unknown      x\r
nonsense\r
";
    let entry = parse(text);
    assert_eq!(entry.problem, None);
    assert_eq!(entry.title, b"Fedora 19 (Rawhide)");
    assert_eq!(entry.sort_key.as_deref(), Some(&b"fedora"[..]));
    let machine_id = entry.machine_id.as_deref();
    assert_eq!(machine_id, Some(&b"6a9857a393724b7a981ebb5b8495b9ea"[..]));
    assert_eq!(entry.version, b"3.8.0-2.fc19.x86_64");
    assert_eq!(entry.options, b"root=UUID=6d3376e4 quiet splash");
    assert_eq!(entry.image, b"6a98/linux");
    assert_eq!(entry.initrds, [&b"6a98/ucode"[..], b"6a98/initrd"]);
    assert_eq!(entry.kind, Some(EntryKind::Linux));

    let uki = parse(b"uki /a.efi\nprofile 2\n");
    assert_eq!((uki.kind, uki.profile), (Some(EntryKind::Uki), 2));
    let efi = parse(b"efi a.efi");
    assert_eq!((efi.kind, efi.problem), (Some(EntryKind::Efi), None));
}

#[test]
fn bad_entries_say_what_is_wrong() {
    let dots = |path: &str| Some(EntryError::DotDot(path.as_bytes().to_vec()));
    for (text, problem) in [
        ("\0linux a\n", Some(EntryError::NoImage)),
        ("linux a\0..\n", None),
        ("title a\n", Some(EntryError::NoImage)),
        ("", Some(EntryError::NoImage)),
        ("linux\n", Some(EntryError::NoImage)),
        ("linux ///\n", Some(EntryError::NoImage)),
        (
            "uki-url http://example.com/a.efi\n",
            Some(EntryError::Url(b"http://example.com/a.efi".to_vec())),
        ),
        ("linux a\nefi b\n", Some(EntryError::Mixed)),
        ("linux a\nlinux b\n", None),
        ("linux \\a\\..\\b\n", dots("\\a\\..\\b")),
        ("linux ''\n", Some(EntryError::NoImage)),
        ("linux $gone\n", Some(EntryError::NoImage)),
        ("linux /a/../../b\n", dots("/a/../../b")),
        ("linux a..b\ninitrd ...\n", None),
        (
            "architecture aa64\nlinux a\n",
            Some(EntryError::Architecture(b"aa64".to_vec())),
        ),
        ("linux a\nprofile x\n", None),
        ("linux a\ndevicetree b.dtb\n", None),
    ] {
        assert_eq!(parse(text.as_bytes()).problem, problem, "{text:?}");
    }
    let arm = Type1::parse(b"linux a\ndevicetree b\narchitecture AA64", "aarch64", None);
    assert_eq!(arm.problem, Some(EntryError::Devicetree));
}

#[test]
fn keys_and_values_as_systemd_boot_reads_them() {
    let entry = parse(
        b"title 'two words' \r\rsort-key \"\"\n  version \t\"1\n#linux c\nlinux a\n\
linux \\sub\\vmlinuz\noptions\noptions \"a b\"\noptions ''\noptions c\ninitrd '/a b'\n\
initrd \\c /d\nprofile 1\nprofile x\nextra \\x\\c.cred\nextra /x/b.addon.efi\n",
    );
    assert_eq!(entry.problem, None);
    assert_eq!(
        (&entry.title[..], &entry.version[..]),
        (&b"two words"[..], &b"\"1"[..])
    );
    assert_eq!(entry.sort_key.as_deref(), Some(&b""[..]));
    assert_eq!(entry.image, b"sub/vmlinuz");
    assert_eq!(entry.options, b"a b c");
    assert_eq!(entry.initrds, [&b"a b"[..], b"c", b"d"]);
    assert_eq!(entry.extras, [&b"x/c.cred"[..], b"x/b.addon.efi"]);
    assert_eq!(entry.profile, 1);
}

/// Each for a kernel and for a UKI: options and initrds.
#[test]
fn the_initrds_that_reach_the_kernel() {
    let shown = |text: &str, is_uki| {
        let mut entry = parse(text.as_bytes());
        entry.choose_initrds(is_uki, |path| path == b"empty");
        assert_eq!(entry.problem, None, "{text}");
        let initrds = entry.initrds.into_iter();
        let initrds: Vec<_> = initrds
            .map(|path| String::from_utf8(path).unwrap())
            .collect();
        (String::from_utf8(entry.options).unwrap(), initrds.join(" "))
    };
    for (text, kernel, uki) in [
        (
            "linux k\noptions a initrd=\\initrd b",
            ("a b", "initrd"),
            ("a initrd=\\initrd b", ""),
        ),
        (
            "efi k\noptions initrd=/u.img initrd=\\sub\\i.img a",
            ("a", "u.img sub/i.img"),
            ("initrd=/u.img initrd=\\sub\\i.img a", ""),
        ),
        // The kernel does not look at the words when the boot loader has passed an initrd.
        (
            "linux k\ninitrd /i\noptions initrd=\\j a",
            ("a", "i"),
            ("initrd=\\j a", "i"),
        ),
        (
            "linux k\ninitrd /empty\noptions initrd=\\j a",
            ("a", "j"),
            ("initrd=\\j a", ""),
        ),
        ("uki k\ninitrd /i\noptions a", ("a", "i"), ("a", "")),
        (
            "linux k\noptions xinitrd=/j \"a initrd=b\"",
            ("xinitrd=/j \"a initrd=b\"", ""),
            ("xinitrd=/j \"a initrd=b\"", ""),
        ),
        ("linux k\noptions initrd=", ("", ""), ("initrd=", "")),
    ] {
        let owned = |(a, b): (&str, &str)| (a.to_owned(), b.to_owned());
        assert_eq!(shown(text, false), owned(kernel), "{text}");
        assert_eq!(shown(text, true), owned(uki), "{text}");
    }
}

#[test]
fn initrds_that_do_not_count_are_no_problem() {
    let problem = |text: &str, is_uki| {
        let mut entry = parse(text.as_bytes());
        entry.choose_initrds(is_uki, |_| false);
        entry.problem
    };
    let dots = Some(EntryError::DotDot(b"/a/../b".to_vec()));
    let words = "linux k\noptions initrd=/a/../b";
    assert_eq!(problem(words, false), dots);
    assert_eq!(problem(words, true), None);
    let key = "efi k\ninitrd /a/../b";
    assert_eq!(problem(key, false), dots);
    assert_eq!(problem(key, true), None);
    assert_eq!(problem("linux k\ninitrd /a/../b", true), dots);
    let many = "initrd a\n".repeat(65);
    for key in ["linux a", "efi a"] {
        let many = problem(&(many.clone() + key), false);
        assert_eq!(many, Some(EntryError::TooManyFiles));
    }
}

/// Entries for systemd-boot have no variables.
#[test]
fn without_grub_only_whole_words_are_variables() {
    let mut unknown = Vec::new();
    let mut expanded = |value: &str| {
        let text = grubenv::expand(value.as_bytes(), None, &mut |name| {
            unknown.push(name.to_vec());
        });
        String::from_utf8(text).unwrap()
    };
    for literal in [
        "a=root:$y$j9T$abc/d",
        "$a$b",
        "$a/b",
        "x$",
        "$",
        "${a}b",
        "\"$a\"",
    ] {
        assert_eq!(expanded(literal), literal);
    }
    assert_eq!(expanded("root=x $tuned_params ${more}"), "root=x  ");
    assert_eq!(expanded("$kernelopts"), "");
    let names = [&b"tuned_params"[..], b"more", b"kernelopts"];
    assert_eq!(unknown, names);
}

fn block(lines: &str) -> Vec<u8> {
    let mut block = format!("# GRUB Environment Block\n{lines}").into_bytes();
    block.resize(1024, b'#');
    block
}

#[test]
fn the_entries_of_rhel_take_grubs_variables() {
    let text = block("kernelopts=root=/dev/vda3 ro quiet\nsaved_entry=abc-5.14\n");
    let variables = Grubenv::parse(&text).unwrap();
    let rhel = "linux /vmlinuz-5.14.0\ninitrd /initramfs-5.14.0.img $tuned_initrd\n\
options $kernelopts $tuned_params\ngrub_users $grub_users\n";
    let entry = Type1::parse(rhel.as_bytes(), "x86_64", Some(&variables));
    assert_eq!(entry.problem, None);
    assert_eq!(entry.initrds, [b"initramfs-5.14.0.img"]);
    assert_eq!(entry.options, b"root=/dev/vda3 ro quiet ");
    assert_eq!(entry.unknown, [&b"tuned_initrd"[..], b"tuned_params"]);
    let rescue = parse(b"linux /k\ninitrd /a.img  /b.img\noptions a\n");
    assert_eq!(rescue.initrds, [b"a.img", b"b.img"]);
    for (value, expanded) in [
        ("${kernelopts}x", "root=/dev/vda3 ro quietx"),
        ("$saved_entry.conf", "abc-5.14.conf"),
        ("a$", "a$"),
        ("a$ b", "a$ b"),
        ("${kernelopts", "${kernelopts"),
        ("${}", "${}"),
        ("$$saved_entry", "$abc-5.14"),
        ("", ""),
    ] {
        let found = grubenv::expand(value.as_bytes(), Some(&variables), &mut |_| {});
        assert_eq!(String::from_utf8(found).unwrap(), expanded, "{value}");
    }
}

/// The errors of 5,000 entries stay small.
#[test]
fn errors_keep_the_beginning_of_long_texts() {
    let long = "a".repeat(60_000);
    for text in [
        format!("linux ../{long}"),
        format!("uki-url {long}"),
        format!("architecture {long}"),
    ] {
        let problem = parse(text.as_bytes()).problem.unwrap();
        assert!(problem.to_string().len() < 350, "{problem}");
    }
}

/// A variable that stands in an entry many times does not use up the memory.
#[test]
fn variables_do_not_multiply() {
    let mut text = b"# GRUB Environment Block\na=".to_vec();
    text.resize(60_000, b'x');
    let variables = Grubenv::parse(&text).unwrap();
    let found = grubenv::expand(&b"$a".repeat(20_000), Some(&variables), &mut |_| {});
    assert!(found.len() < 200_000, "{}", found.len());
    for line in [
        "options $a $a\n",
        "options $a\n",
        "initrd $a$a\n",
        "linux $a$a\n",
    ] {
        let text = [b"linux k\n", line.repeat(4000).as_bytes()].concat();
        let entry = Type1::parse(&text, "x86_64", Some(&variables));
        assert_eq!(entry.problem, Some(EntryError::TooLong), "{line}");
        assert!(entry.options.len() < 200_000 && entry.initrds.is_empty());
    }
}

#[test]
fn an_environment_block_is_grubs() {
    let text = block("# a comment\na=1\nempty=\nlong=x\\\\y\\\nz\n=none\nnothing\nnext_entry=b\n");
    let env = Grubenv::parse(&text).unwrap();
    assert_eq!(env.get(b"a"), Some(&b"1"[..]));
    assert_eq!(
        (env.get(b"empty"), env.set(b"empty")),
        (Some(&b""[..]), None)
    );
    assert_eq!(env.get(b"long"), Some(&b"x\\y\nz"[..]));
    assert_eq!(env.get(b"nothing"), None);
    // Taken out, and nothing else: the block keeps its size.
    let left = grubenv::without(&text, b"next_entry").unwrap();
    assert_eq!(left.len(), 1024);
    let after = Grubenv::parse(&left).unwrap();
    assert_eq!(after.get(b"next_entry"), None);
    assert_eq!(after.get(b"long"), env.get(b"long"));
    assert_eq!(grubenv::without(&text, b"gone").unwrap(), text);
    // No block, and blocks that were cut.
    for none in [&b""[..], b"a=1\n", b"# GRUB Environment Block"] {
        assert_eq!(Grubenv::parse(none), None);
        assert_eq!(grubenv::without(none, b"a"), None);
    }
    // A last line without an end keeps its value: what fills the block is none of it.
    for (last, value) in [("s=x", "x"), ("s=x\\", "x"), ("s=x\\\\", "x\\"), ("s=", "")] {
        let open = format!("# GRUB Environment Block\nnext_entry=a\n{last}").into_bytes();
        let left = grubenv::without(&open, b"next_entry").unwrap();
        let after = Grubenv::parse(&left).unwrap();
        assert_eq!(after.get(b"s"), Some(value.as_bytes()), "{last}");
        assert_eq!((left.len(), left.last()), (open.len(), Some(&b'#')));
    }
    let cut = Grubenv::parse(b"# GRUB Environment Block\na=1\nb=2\\").unwrap();
    assert_eq!(
        (cut.get(b"a"), cut.get(b"b")),
        (Some(&b"1"[..]), Some(&b"2"[..]))
    );
    let many = block(&"a=\n".repeat(400));
    assert!(Grubenv::parse(&many).is_some());
}
