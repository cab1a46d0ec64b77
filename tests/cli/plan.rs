// SPDX-License-Identifier: GPL-2.0-or-later
//! `load --dry-run` of sound images, word for word, and what `inspect` shows.

use crate::build;
use crate::program::Directory;

// A UKI's route depends on the host's modules, unless it is given.

/// Returns the plan without its last lines, which depend on the host: what this host
/// would verify.
#[track_caller]
fn plan(directory: &Directory, arguments: &[&str]) -> String {
    let mut words = vec!["load", "--dry-run"];
    words.extend(arguments);
    let run = directory.run(&words);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{arguments:?}");
    let end = run.stdout.find("verified").unwrap_or(run.stdout.len());
    run.stdout[..end].into()
}

fn images(test: &str) -> Directory {
    let directory = Directory::new(test);
    directory.file("a.efi", &build::uki());
    directory.file("vmlinuz", &build::bzimage());
    directory.file("b.img", &build::newc("b", &[b'b'; 6]));
    directory.file("c.img", &build::newc("c", &[b'c'; 12]));
    directory
}

#[test]
fn plan_of_a_uki() {
    let text = "\
image         a.efi
route         extract: the kernel and initrd are taken out of the image
kernel        .linux at 0xa00, 1536 bytes (6.12.0-test)
initrd        540 bytes in 3 parts
              .ucode at 0x1200, 252 bytes
              .initrd at 0x1000, 256 bytes
              .osrel at 0x600, 32 bytes, in .extra
command line  root=/dev/vda quiet
              (from the image)
flags         none
";
    assert_eq!(
        plan(&images("plan-uki"), &["a.efi", "--route=extract"]),
        text
    );
}

#[test]
fn plan_of_a_bzimage() {
    let text = "\
image         vmlinuz
route         native: the kernel takes the image as it is
kernel        the whole file, 1536 bytes (6.12.0-test)
initrd        244 bytes
              b.img, 244 bytes
command line  quiet
              (from --command-line)
flags         none
";
    let arguments = ["vmlinuz", "--initrd", "b.img", "--command-line", "quiet"];
    assert_eq!(plan(&images("plan-bzimage"), &arguments), text);
}

#[test]
fn plan_without_initrd_says_so_to_the_kernel() {
    let arguments = ["vmlinuz", "--append", "root=/dev/vda"];
    let plan = plan(&images("plan-bare"), &arguments);
    assert!(plan.contains("initrd        none\n"), "{plan}");
    let flags = "flags         KEXEC_FILE_NO_INITRAMFS\n";
    assert!(plan.ends_with(flags), "{plan}");
}

#[test]
fn plan_with_everything() {
    let text = "\
image         a.efi
route         extract: the kernel and initrd are taken out of the image
kernel        .linux at 0xa00, 1536 bytes (6.12.0-test)
initrd        1032 bytes in 5 parts
              .ucode at 0x1200, 252 bytes
              .initrd at 0x1000, 256 bytes
              .osrel at 0x600, 32 bytes, in .extra
              b.img, 244 bytes
              c.img, 248 bytes
command line  root=/dev/vda quiet debug -- single
              root=/dev/vda quiet (from the image)
              debug -- single (from --append)
flags         KEXEC_FILE_ON_CRASH
";
    #[rustfmt::skip]
    let arguments = [
        "a.efi", "--initrd", "b.img", "--initrd=c.img", "--append", "debug",
        "--append=-- single", "--panic", "--route", "extract",
    ];
    assert_eq!(plan(&images("plan-everything"), &arguments), text);
}

/// Each piece of the command line is told with its origin, in the line's order.
#[test]
fn the_plan_tells_where_words_come_from() {
    let directory = Directory::new("plan-origins");
    directory.file("a.efi", &build::uki());
    directory.file("b.addon.efi", &build::pe(&[(".cmdline", b"two words")]));
    let plan = |more: &[&str]| {
        let mut all = vec!["load", "-n", "a.efi", "--addon", "b.addon.efi"];
        all.extend(more);
        let run = directory.run(&all);
        let start = run.stdout.find("command line").expect("a plan");
        let end = run.stdout.find("flags").expect("a plan");
        run.stdout[start..end].to_owned()
    };
    assert_eq!(
        plan(&["--append", "three"]),
        "command line  root=/dev/vda quiet two words three\n\
         \x20             root=/dev/vda quiet (from the image)\n\
         \x20             two words (from addon b.addon.efi)\n\
         \x20             three (from --append)\n"
    );
    // Words that replace the image's come after the addons', as for the kernel.
    assert_eq!(
        plan(&["--command-line", "own"]),
        "command line  two words own\n\
         \x20             two words (from addon b.addon.efi)\n\
         \x20             own (from --command-line)\n"
    );
}

#[test]
fn routes_that_do_not_fit_the_image_are_wrong_usage() {
    let directory = images("plan-routes");
    directory
        .run(&["load", "-n", "a.efi", "--route", "native"])
        .fails(
            2,
            "kexec-bpf: a.efi: route native is for an x86 kernel, and this is a UKI\ntry:   the same command without --route\n",
        );
    directory
        .run(&["load", "-n", "vmlinuz", "--route", "extract"])
        .fails(
            2,
            "kexec-bpf: vmlinuz: the kernel takes it as it is; route extract does not apply\n\
             try:   the same command without --route\n",
        );
    directory
        .run(&["load", "a.efi", "--reuse-cmdline", "--command-line", "x"])
        .fails(
            2,
            "kexec-bpf: --command-line and --reuse-cmdline cannot be used together\n\
             try:   give only one of them; kexec-bpf load --help\n",
        );
    directory
        .run(&["load", "a.efi", "--command-line=@b c", "--profile", "0"])
        .fails(
            2,
            "kexec-bpf: --profile and @b of --command-line cannot be used together\n\
             try:   give only one of them; kexec-bpf load --help\n",
        );
}

#[test]
fn inspect_shows_what_is_in_an_image() {
    let directory = images("inspect");
    for (image, lines) in [
        (
            "a.efi",
            &[
                "image         a.efi",
                "machine       x86_64",
                "signature     none",
                "system        Test OS 1",
                "kernel        6.12.0-test (a@b) #1 SMP",
                "command line  root=/dev/vda quiet",
                "              0x00000a00        1536  .linux   #######",
                "              0x00001200         252  .ucode   #",
                "              .linux, .ucode, .initrd, .osrel",
            ][..],
        ),
        (
            "vmlinuz",
            &[
                "image         vmlinuz",
                "signature     none: not a PE file",
                "kernel        6.12.0-test (a@b) #1 SMP",
                "              takes a command line of up to 2047 bytes",
                "kexec uses    route native",
                "              the whole file",
            ],
        ),
    ] {
        let run = directory.run(&["inspect", image]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        for line in lines {
            let shown = run.stdout.lines().any(|shown| shown == *line);
            assert!(shown, "no \"{line}\" in {}", run.stdout);
        }
    }
}

#[test]
fn addons_extend_only_what_they_can() {
    let directory = images("addons");
    directory.file("addon.efi", &build::pe(&[(".cmdline", b"addon words")]));
    directory.file("pass.cred", b"secret");
    let addons = ["--addon", "addon.efi", "--addon", "pass.cred"];
    let uki = [&["a.efi", "--route=extract"][..], &addons].concat();
    let plan = plan(&directory, &uki);
    let cmdline = "command line  root=/dev/vda quiet addon words\n";
    assert!(plan.contains(cmdline), "{plan}");
    let member = "pass.cred, 6 bytes, in .extra/credentials\n";
    assert!(plan.contains(member), "{plan}");
    let kernel = [&["load", "-n", "vmlinuz"][..], &addons].concat();
    directory.run(&kernel).fails(
        2,
        "kexec-bpf: vmlinuz: addons extend a UKI; this is a bare kernel\n\
         try:   use --initrd and --append with a bare kernel\n",
    );
}

#[test]
fn plan_with_lock_says_what_follows() {
    let directory = images("plan-lock");
    let run = directory.run(&["load", "-n", "vmlinuz", "--lock", "--initrd", "b.img"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let line = "lock          after the load, kernel.kexec_load_disabled is set to 1\n";
    assert!(run.stdout.contains(line), "{}", run.stdout);
    directory.run(&["boot", "--lock"]).fails(
        2,
        "kexec-bpf: unknown option --lock\ntry:   kexec-bpf boot --help\n",
    );
}

/// A plain kernel has one route, whatever module this host has.
#[test]
fn plan_says_why_the_module_will_not_unpack() {
    let directory = images("plan-unpack");
    let run = directory.run(&["load", "-n", "vmlinuz", "--initrd=b.img", "--unpack-initrd"]);
    let why = "the kernel opens a plain kernel itself; the module unpacks initrds of UKIs";
    let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let warning = format!("kexec-bpf: --unpack-initrd has no effect: {why}");
    assert_eq!((run.code, line(&run.stderr)), (0, warning));
    let planned = format!("unpacking left to the next kernel, because {why}");
    assert!(line(&run.stdout).contains(&planned), "{}", run.stdout);
    for command in ["load", "boot"] {
        let run = directory.run(&[command, "--help"]);
        assert!(run.stdout.contains("  --unpack-initrd"), "{}", run.stdout);
    }
}

/// On x86 the program chooses no device tree, whatever machine the image is for.
#[cfg(target_arch = "x86_64")]
#[test]
fn device_trees_are_listed_and_not_used_on_x86() {
    const MACHINE_AT: usize = build::NT_HEADER + 4;
    let directory = Directory::new("trees");
    for (name, machine) in [("x86.efi", 0x8664), ("arm.efi", 0xaa64)] {
        let mut image = build::pe(&[(".linux", &build::bzimage()), (".dtb", b"no tree")]);
        build::put16(&mut image, MACHINE_AT, machine);
        directory.file(name, &image);
        let run = directory.run(&["inspect", name]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{name}");
        let line = "device tree   .dtb: damaged (not used on x86)\n";
        assert!(run.stdout.contains(line), "{name}: {}", run.stdout);
    }
}
