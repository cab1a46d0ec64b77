// SPDX-License-Identifier: GPL-2.0-or-later
//! Compares src/abi.rs with bpf/include/kexec_bpf.h, src/sys/bpf/attr.rs with the
//! kernel's linux/bpf.h, and in abi/uki.rs the tables of a UKI: a C program prints the
//! header's values, and Rust's must be the same.

mod uki;

use std::mem::{offset_of, size_of};
use std::path::Path;
use std::process::Command;

use kexec_bpf::abi;
use kexec_bpf::parts::attr;
use kexec_bpf::parts::formats::extra;
use kexec_bpf::parts::policy::plan;

/// A value that both sides must agree on: a C expression and Rust's value.
struct Fact {
    c: String,
    rust: i64,
}

fn fact(c: &str, rust: usize) -> Fact {
    let rust = i64::try_from(rust).unwrap();
    Fact { c: c.into(), rust }
}

macro_rules! layout {
    ($c:literal, $rust:ty: $($field:ident),*) => {
        [
            fact(concat!("sizeof(struct ", $c, ")"), size_of::<$rust>()),
            $(fact(
                concat!("__builtin_offsetof(struct ", $c, ", ", stringify!($field), ")"),
                offset_of!($rust, $field),
            ),)*
        ]
    };
}

/// Offsets of the fields of bpf(2)'s argument. `$before` is the prefix of their names in
/// the header.
macro_rules! argument {
    ($c:literal, $before:literal, $rust:ty: $($field:ident),*) => {
        [$(fact(
            concat!("__builtin_offsetof(", $c, ", ", $before, stringify!($field), ")"),
            offset_of!($rust, $field),
        ),)*]
    };
}

fn system_call_facts() -> Vec<Fact> {
    let mut facts = vec![
        fact("BPF_OBJ_NAME_LEN", attr::NAME_BYTES),
        fact("sizeof(struct bpf_btf_info)", size_of::<attr::BtfInfo>()),
    ];
    facts.extend(argument!("union bpf_attr", "", attr::MapCreate:
        map_type, key_size, value_size, max_entries, map_flags, inner_map_fd, numa_node, map_name));
    facts.extend(argument!("union bpf_attr", "", attr::MapElem: map_fd, key, value, flags));
    facts.extend(argument!("union bpf_attr", "", attr::MapFreeze: map_fd));
    facts.extend(argument!("union bpf_attr", "", attr::BtfById: btf_id));
    facts.extend(argument!("union bpf_attr", "", attr::ProgLoad:
        prog_type, insn_cnt, insns, license, log_level, log_size, log_buf, kern_version, prog_flags,
        prog_name, prog_ifindex, expected_attach_type, prog_btf_fd, func_info_rec_size, func_info,
        func_info_cnt, line_info_rec_size, line_info, line_info_cnt, attach_btf_id,
        attach_btf_obj_fd, core_relo_cnt, fd_array, core_relos,
        core_relo_rec_size));
    facts.extend(
        argument!("union bpf_attr", "link_create.", attr::LinkCreate:
        prog_fd, target_fd, attach_type, flags),
    );
    facts.extend(argument!("union bpf_attr", "link_create.tracing.", attr::LinkCreate: cookie));
    facts.extend(argument!("union bpf_attr", "", attr::BtfLoad:
        btf, btf_log_buf, btf_size, btf_log_size, btf_log_level));
    facts.extend(argument!("union bpf_attr", "", attr::NextId: start_id, next_id));
    facts.extend(argument!("union bpf_attr", "info.", attr::ObjectInfo: bpf_fd, info_len, info));
    facts.extend(argument!("struct bpf_btf_info", "", attr::BtfInfo:
        btf, btf_size, id, name, name_len, kernel_btf));
    facts
}

fn facts() -> Vec<Fact> {
    let mut facts = system_call_facts();
    facts.extend([
        fact("KEXEC_BPF_ABI_VERSION", abi::ABI_VERSION as usize),
        fact("KEXEC_BPF_ABI_VERSION_MIN", abi::ABI_VERSION_MIN as usize),
        fact("KEXEC_BPF_REGISTER_BYTES_V3", abi::REGISTER_BYTES_V3),
        fact("KEXEC_BPF_REPORT_BYTES_V3", abi::REPORT_BYTES_V3),
        fact("KEXEC_BPF_ROUNDS_MAX", abi::ROUNDS_MAX),
        fact("KEXEC_BPF_PARSER_MAX_BYTES", abi::PARSER_MAX_BYTES),
        fact("KEXEC_BPF_ADDONS_MAX", abi::ADDONS_MAX),
        fact("KEXEC_BPF_DST_DIR_BYTES", abi::DST_DIR_BYTES),
        fact("KEXEC_BPF_PATH_BYTES", abi::PATH_BYTES),
        fact("KEXEC_BPF_REASON_BYTES", abi::REASON_BYTES),
        fact(
            "KEXEC_BPF_SELECT_REPLACE_CMDLINE",
            abi::SELECT_REPLACE_CMDLINE as usize,
        ),
        fact(
            "KEXEC_BPF_REGISTER_NO_DIGEST",
            abi::REGISTER_NO_DIGEST as usize,
        ),
        fact(
            "KEXEC_BPF_REGISTER_NO_PARSER",
            abi::REGISTER_NO_PARSER as usize,
        ),
        fact(
            "KEXEC_BPF_REGISTER_UNPACK_INITRD",
            abi::REGISTER_UNPACK_INITRD as usize,
        ),
        fact("KEXEC_BPF_REGISTER_EARLY", abi::REGISTER_EARLY as usize),
        fact(
            "KEXEC_BPF_REPORT_OFFSET",
            usize::try_from(abi::REPORT_OFFSET).unwrap(),
        ),
        fact(
            "KEXEC_BPF_COOKIE_OFFSET",
            usize::try_from(abi::COOKIE_OFFSET).unwrap(),
        ),
        fact(
            "KEXEC_BPF_UKI_PARSER_OFFSET",
            usize::try_from(abi::UKI_PARSER_OFFSET).unwrap(),
        ),
        fact(
            "KEXEC_BPF_ZBOOT_PARSER_OFFSET",
            usize::try_from(abi::ZBOOT_PARSER_OFFSET).unwrap(),
        ),
        Fact {
            c: "KEXEC_BPF_SIGNATURE_UNCHECKED".into(),
            rust: abi::SIGNATURE_UNCHECKED.into(),
        },
    ]);
    facts.extend(layout!("kexec_bpf_register", abi::Register:
        abi_version, ready_fd, attached_fd, timeout_ms, flags, reserved));
    facts.extend(layout!("kexec_bpf_selection", abi::Selection: profile, flags, reserved));
    facts.extend(layout!("kexec_bpf_addon", abi::Addon: dst_dir, path));
    facts.extend(layout!("kexec_bpf_resource", abi::Resource: offset, size, flags, parts));
    facts.extend(layout!("kexec_bpf_round", abi::Round:
        parser, calls, image_size, handshake_us, hook_us, kernel, initrd, cmdline_size));
    facts.extend(layout!("kexec_bpf_report", abi::Report:
        abi_version, error, stage, rounds, signature, flags, load_us, round, kernel, initrd,
        cmdline_size, addons, size, addon, reason, timeout_ms, digest,
        packed_size, unpack, reserved_one, reserved_more));
    for stage in abi::Stage::ALL {
        let name = format!("KEXEC_BPF_STAGE_{stage:?}").to_uppercase();
        facts.push(fact(&name, *stage as usize));
    }
    for (digest, name) in abi::Digest::ALL
        .iter()
        .zip(["UNKNOWN", "LEFT_OUT", "KEPT", "CRASH", "ALWAYS", "UNABLE"])
    {
        facts.push(fact(&format!("KEXEC_BPF_DIGEST_{name}"), *digest as usize));
    }
    for unpack in abi::Unpack::ALL {
        let name = format!("KEXEC_BPF_UNPACK_{unpack:?}").to_uppercase();
        facts.push(fact(&name, *unpack as usize));
    }
    for ((bit, _), name) in abi::RESOURCE_FLAGS.iter().zip([
        "SLICE",
        "DECOMPRESSED",
        "TAINTED",
        "ADDON",
        "USER",
        "IN_PLACE",
        "COPIED",
        "UNPACKED",
    ]) {
        facts.push(fact(&format!("KEXEC_BPF_RESOURCE_{name}"), *bit as usize));
    }
    facts.extend([
        fact(
            "KEXEC_BPF_UKI_EXTRA_MODE",
            extra::SECTION_DIRECTORY_MODE.into(),
        ),
        fact(
            "KEXEC_BPF_UKI_EXTRA_FILE_MODE",
            extra::SECTION_FILE_MODE.into(),
        ),
        fact("KEXEC_BPF_UKI_PCR_CONFIG", plan::PCR_CONFIG as usize),
        fact("KEXEC_BPF_UKI_PCR_SYSEXT", plan::PCR_SYSEXT as usize),
    ]);
    facts
}

/// Returns names that both sides must agree on: (C expression, Rust's value).
fn names() -> [(&'static str, &'static str); 6] {
    [
        ("KEXEC_BPF_PROC_PATH", abi::PROC_PATH.to_str().unwrap()),
        ("KEXEC_BPF_PARAMETERS_DIR", abi::PARAMETERS_DIR),
        ("KEXEC_BPF_HOOK_NAME", abi::HOOK_NAME),
        (
            "KEXEC_BPF_MAP_SELECTION",
            abi::MAP_SELECTION.to_str().unwrap(),
        ),
        ("KEXEC_BPF_MAP_ADDONS", abi::MAP_ADDONS.to_str().unwrap()),
        ("KEXEC_BPF_UKI_EXTRA", extra::SECTION_DIRECTORY),
    ]
}

/// Compiles a C program from these statements and returns its output. `name` is that of
/// its files.
fn printed(name: &str, statements: &str) -> String {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR"));
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("abi");
    std::fs::create_dir_all(&directory).unwrap();
    let headers = ["stdio.h", "string.h", "linux/bpf.h", "kexec_bpf_uki.h"];
    let includes = headers
        .map(|header| format!("#include <{header}>\n"))
        .concat();
    let source = format!("{includes}int main(void)\n{{\n{statements}\treturn 0;\n}}\n");
    let program = directory.join(name);
    let file = program.with_extension("c");
    std::fs::write(&file, source).unwrap();
    let status = Command::new("cc")
        .env_remove("LD_LIBRARY_PATH")
        .arg("-I")
        .arg(tree.join("bpf/include"))
        .arg("-o")
        .arg(&program)
        .arg(&file)
        .status()
        .expect("start cc");
    assert!(status.success(), "cc cannot compile the header");
    let output = Command::new(&program)
        .env_remove("LD_LIBRARY_PATH")
        .output()
        .expect("start the program");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn rust_and_the_header_agree() {
    let mut statements = String::new();
    for Fact { c, .. } in facts() {
        statements += &format!("\tprintf(\"%lld\\n\", (long long)({c}));\n");
    }
    for (c, _) in names() {
        statements += &format!("\tputs({c});\n");
    }
    let output = printed("values", &statements);
    let mut lines = output.lines();
    for Fact { c, rust } in facts() {
        assert_eq!(lines.next(), Some(rust.to_string().as_str()), "{c}");
    }
    for (c, rust) in names() {
        assert_eq!(lines.next(), Some(rust), "{c}");
    }
}

/// The module states the program's version, which stands in Cargo.toml.
#[test]
fn module_has_the_version_of_the_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("bpf/kmod/main.c");
    let text = std::fs::read_to_string(path).expect("read main.c");
    let line = concat!("MODULE_VERSION(\"", env!("CARGO_PKG_VERSION"), "\");");
    assert!(text.lines().any(|found| found == line), "no line {line}");
}
