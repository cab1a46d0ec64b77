// SPDX-License-Identifier: GPL-2.0-or-later
//! Bad parsers, and images that good parsers cannot use: each load ends with a
//! clear error and an exit code, leaves nothing behind, and the next load works.

use guest::handshake::{NOTHING, expect_failure, initramfs, machine, tiny_uki, tiny_uki_with};
use guest::module;
use guest::pe::Pe;

/// One bad image, with the options of its load and what the report must say.
struct Fault {
    name: &'static str,
    image: Vec<u8>,
    options: &'static str,
    code: &'static str,
    words: &'static [&'static str],
}

fn fault(
    name: &'static str,
    image: &Pe,
    options: &'static str,
    code: &'static str,
    words: &'static [&'static str],
) -> Fault {
    Fault {
        name,
        image: image.bytes(),
        options,
        code,
        words,
    }
}

/// Returns images whose `.bpf` section is not a valid object file.
fn bad_parsers() -> Vec<Fault> {
    let parser = std::fs::read(module::uki_parser()).expect("read the parser");
    let half = parser.get(..parser.len() / 2).expect("it has two halves");
    // Too large, whatever it contains.
    let oversized = vec![0x5a; (1 << 20) + 1];
    // Only the ELF header is right.
    let mut broken = parser.clone();
    for byte in broken.iter_mut().skip(64) {
        *byte ^= 0xa5;
    }
    vec![
        fault(
            "garbage",
            &tiny_uki(Some(&[0x5a; 3000])),
            "",
            "3",
            &["the parser was not accepted: it is not a BPF object file: it has no ELF header"],
        ),
        fault(
            "broken",
            &tiny_uki(Some(&broken)),
            "",
            "3",
            &["the parser was not accepted: it is not a BPF object file:"],
        ),
        fault(
            "truncated",
            &tiny_uki(Some(half)),
            "",
            "3",
            &["the parser was not accepted: it is not a BPF object file:"],
        ),
        fault(
            "empty",
            &tiny_uki(Some(&[])),
            "",
            "3",
            &["the image's .bpf section is empty"],
        ),
        fault(
            "oversized",
            &tiny_uki(Some(&oversized)),
            "",
            "3",
            &["the image's .bpf section has 1048577 bytes, limit 1048576"],
        ),
    ]
}

/// Returns images whose `.bpf` section holds a faulty BPF program.
fn bad_programs() -> Vec<Fault> {
    let program =
        |name, options, code, words| fault(name, &tiny_uki_with(name), options, code, words);
    vec![
        program(
            "other_hook",
            "",
            "3",
            &["the parser was not accepted: it has a program for fentry/kernel_read_file"],
        ),
        program(
            "kprobe",
            "",
            "3",
            &["the parser was not accepted: it has a program for kprobe/kernel_read_file"],
        ),
        program(
            "usdt",
            "",
            "3",
            &["the parser was not accepted: it has a program for usdt"],
        ),
        program(
            "not_sleepable",
            "",
            "3",
            &["the parser was not accepted: it has a program for fentry/kexec_pe_parser_hook"],
        ),
        program(
            "modify_return",
            "",
            "3",
            &["the parser was not accepted: it has a program for fmod_ret.s/"],
        ),
        program(
            "wild_store",
            "",
            "3",
            &[
                "cause: the parser was not accepted: BPF_PROG_LOAD: EACCES (13)",
                "verifier: R1 invalid mem access 'scalar'",
            ],
        ),
        program(
            "no_kfunc",
            "",
            "3",
            &["it calls bpf_helper_of_tomorrow, which neither the module nor the kernel has"],
        ),
        program(
            "configuration",
            "",
            "3",
            &["it asks for CONFIG_KEXEC_FILE; a parser reads the image, not the kernel"],
        ),
        program("silent", "", "3", &["the parser named no kernel"]),
        program("twice", "", "3", &["the parser named the kernel twice"]),
        program(
            "out_of_range",
            "",
            "3",
            &["kernel: slice", "is outside the image of"],
        ),
        program(
            "ignore_addon",
            "--addon /large.cred",
            "3",
            &["addon /large.cred: cannot be read (-27)"],
        ),
        // This parser does not add addons.
        program(
            "drop_cmdline",
            "--addon /small.cred --strict",
            "3",
            &["1 of 1 companion files: the image's own parser does not take them"],
        ),
    ]
}

/// Returns images whose parser is good, but whose contents are not.
fn bad_images() -> Vec<Fault> {
    let mut nested = tiny_uki(None);
    for _ in 0..4 {
        nested = Pe::new().section(".linux", &nested.bytes());
    }
    vec![
        fault(
            "nested-five-deep",
            &nested,
            "",
            "3",
            &["ELOOP", "more than 4 images inside each other"],
        ),
        fault(
            "kernel-is-none",
            &Pe::new().section(".linux", b"no kernel at all"),
            "",
            "3",
            &["what the parser named as kernel is not one"],
        ),
    ]
}

/// Expects all of `faults` to be refused, with a good load before and after.
fn refused(directory: &str, faults: &[Fault]) {
    let directory = guest::work_dir(directory);
    let good = "attempt good kexec-bpf load /good.efi
say good-loaded $(cat /sys/kernel/kexec_loaded)
kexec-bpf unload
left good
";
    // One byte larger than an addon may be.
    let mut script = format!("truncate -s 2147483648 /large.cred\necho a >/small.cred\n{good}");
    for Fault { name, options, .. } in faults {
        script += &format!(
            "attempt {name} kexec-bpf load /{name}.efi --route handshake {options}\nleft {name}\n"
        );
    }
    script += good;
    let mut guest = initramfs(&script).file("good.efi", &tiny_uki(None).bytes());
    for fault in faults {
        guest = guest.file(&format!("{}.efi", fault.name), &fault.image);
    }
    let said = machine(&directory, guest).run();
    assert_eq!(said.all("good-code"), ["0", "0"], "a good load works");
    assert_eq!(said.all("good-loaded"), ["1", "1"], "before and after");
    assert_eq!(said.all("good-left"), [NOTHING, NOTHING]);
    for fault in faults {
        expect_failure(&said, fault.name, fault.code, fault.words);
    }
}

#[test]
fn bad_parser_sections() {
    refused("handshake-bad-parsers", &bad_parsers());
}

#[test]
fn bad_programs_and_images() {
    let mut faults = bad_programs();
    faults.extend(bad_images());
    refused("handshake-bad-programs", &faults);
}
