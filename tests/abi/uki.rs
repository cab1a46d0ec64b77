// SPDX-License-Identifier: GPL-2.0-or-later
//! Compares the program's tables of a UKI's sections and of the directories of companion
//! files with bpf/include/kexec_bpf_uki.h. A row that only one side has is an error.
//!
//! A plan shows how the program uses a section. Only the module has the columns `rule` and
//! `times`.

use kexec_bpf::abi;
use kexec_bpf::parts::formats::extra::{self, ExtraDirectory};
use kexec_bpf::parts::image::Image;
use kexec_bpf::parts::image::pe::{Machine, Pe, Section, SectionName};
use kexec_bpf::parts::image::uki::{SectionKind, Uki, UkiError, UkiSection};
use kexec_bpf::parts::policy::plan::{
    self, InitrdOrigin, InitrdPart, Input, Manifest, Options, Plan,
};
use kexec_bpf::parts::policy::{Host, Module};
use kexec_bpf::parts::source::{FileOffset, FileSlice, InputId, ReadAt, SubSource};

use super::printed;

/// Returns the rows of kexec_bpf_uki.h for which the macros `rows` are called, each
/// printed as `format` with the macro's arguments.
fn rows(name: &str, rows: &[(&str, &str)], format: &str) -> Vec<String> {
    let mut statements = String::new();
    for (macro_head, arguments) in rows {
        statements +=
            &format!("#define KEXEC_BPF_UKI_{macro_head} printf(\"{format}\\n\", {arguments});\n");
    }
    statements += "#include <kexec_bpf_uki.h>\n";
    let lines = printed(name, &statements);
    lines.lines().map(String::from).collect()
}

/// Returns the first column of a section's row in the header.
fn id(kind: SectionKind) -> String {
    format!("{kind:?}").to_uppercase()
}

fn slice(offset: usize, bytes: usize) -> FileSlice {
    FileSlice {
        offset: FileOffset(offset as u64),
        bytes: bytes as u64,
    }
}

fn pe(sections: Vec<Section>) -> Pe {
    Pe {
        machine: Machine::X86_64,
        subsystem: 10,
        sections,
        headers_bytes: 0,
        checksum_at: FileOffset(0),
        certificate_entry_at: FileOffset(0),
        certificate_table: Ok(None),
    }
}

/// Returns the contents of a UKI that has one section of each kind, with its name in it.
fn names() -> String {
    SectionKind::ALL.iter().map(|kind| kind.name()).collect()
}

fn manifest(names: &str) -> Manifest<SubSource<'_, [u8]>> {
    let mut start = 0;
    let sections = SectionKind::ALL.iter().map(|kind| {
        let slice = slice(start, kind.name().len());
        start += kind.name().len();
        UkiSection { kind: *kind, slice }
    });
    let uki = Uki {
        base: sections.collect(),
        profiles: Vec::new(),
    };
    Manifest {
        image: Input {
            path: Vec::new(),
            file: SubSource::new(names.as_bytes(), slice(0, names.len())),
        },
        detected: Image::Uki {
            pe: pe(Vec::new()),
            uki,
            thin: None,
        },
        profile: 0,
        initrds: Vec::new(),
        companions: Vec::new(),
        thin: None,
    }
}

/// Plans a load by the handshake, so that the program need not parse the kernel.
fn plan<F: ReadAt>(manifest: &Manifest<F>) -> Plan {
    let facts = Host {
        machine: "x86_64".into(),
        module: Some(Module {
            abi_version: Some(Ok(abi::ABI_VERSION)),
            has_btf: true,
            ..Module::default()
        }),
        ..Host::default()
    };
    plan::plan(&Options::default(), manifest, &facts).unwrap()
}

/// Returns the target that the program uses the section for, as named in the header.
fn target(plan: &Plan, kind: SectionKind) -> String {
    let is = |origin| plan.initrd.iter().any(|part| part.from == origin);
    let file = extra::SECTION_FILES.iter().find(|row| row.0 == kind);
    let path = file.map(|(_, name)| format!("{}/{name}", extra::SECTION_DIRECTORY));
    let targets = [
        (plan.kernel.section == Some(kind), "kernel".into()),
        (is(InitrdOrigin::Section(kind)), "initrd".into()),
        (
            plan.cmdline.text == kind.name().as_bytes(),
            "cmdline".into(),
        ),
        (
            is(InitrdOrigin::SectionFile(kind)),
            path.unwrap_or_default(),
        ),
    ];
    let targets = targets.into_iter().filter(|(is_made, _)| *is_made);
    targets.map(|(_, name)| name).collect::<Vec<_>>().join("+")
}

fn makes_an_addon(kind: SectionKind) -> bool {
    let mut name = [0; 8];
    name[..kind.name().len()].copy_from_slice(kind.name().as_bytes());
    let section = Section {
        name: SectionName(name),
        slice: slice(0, 1),
        raw_bytes: 1,
        virtual_bytes: 1,
    };
    let uki = Uki::from_pe(&pe(vec![section]));
    uki == Err(UkiError::IsAddon { first: kind })
}

/// Returns whether systemd-stub measures the section. The program has no such table: it
/// says only that PCR 11 has the sections.
fn is_measured(kind: SectionKind) -> bool {
    !matches!(kind, SectionKind::Pcrsig | SectionKind::Bpf)
}

#[test]
fn the_sections_are_those_of_the_header() {
    let plan = plan(&manifest(&names()));
    let of_rust = SectionKind::ALL.iter().map(|kind| {
        format!(
            "{} {} [{}] {} {}",
            id(*kind),
            kind.name(),
            target(&plan, *kind),
            u32::from(makes_an_addon(*kind)),
            if is_measured(*kind) { 11 } else { 0 },
        )
    });
    let target = "#id, KEXEC_BPF_UKI_##id, target, addon, pcr";
    let of_header = [
        ("RESOURCE(id, target, rule, times, addon, pcr)", target),
        ("FILE(id, target, rule, times, addon, pcr)", target),
        (
            "OTHER(id, addon, pcr)",
            "#id, KEXEC_BPF_UKI_##id, \"\", addon, pcr",
        ),
    ];
    let mut of_header = rows("sections", &of_header, "%s %s [%s] %d %d");
    let mut of_rust: Vec<String> = of_rust.collect();
    of_header.sort_unstable();
    of_rust.sort_unstable();
    assert_eq!(of_rust, of_header);
}

#[test]
fn section_files_come_in_the_same_order() {
    let of_rust = extra::SECTION_FILES.map(|(kind, _)| id(kind));
    let of_header = rows("files", &[("FILE(id, ...)", "#id")], "%s");
    assert_eq!(of_rust.as_slice(), of_header);
}

/// Returns the PCRs that systemd-stub extends by a file in that directory.
fn measured<F: ReadAt>(manifest: &Manifest<F>, directory: &ExtraDirectory) -> Vec<u32> {
    let mut plan = plan(manifest);
    plan.initrd = vec![InitrdPart {
        from: InitrdOrigin::Member(directory.path),
        source: InputId(1),
        slice: slice(0, 1),
    }];
    let pcrs = [plan::PCR_CONFIG, plan::PCR_SYSEXT];
    let pcrs = pcrs.into_iter();
    pcrs.filter(|pcr| plan.measures(*pcr, manifest)).collect()
}

#[test]
fn the_directories_are_those_of_the_header() {
    let names = names();
    let manifest = manifest(&names);
    let of_rust = ExtraDirectory::all().map(|directory| {
        format!(
            "{} {} {:o} {:o} {:?}",
            directory.path,
            directory.suffix,
            directory.directory_mode,
            directory.file_mode,
            measured(&manifest, directory),
        )
    });
    let arguments = "path, suffix, mode, file_mode, pcr";
    let head = format!("DIRECTORY({arguments})");
    let of_header = rows("directories", &[(&head, arguments)], "%s %s %o %o [%d]");
    assert_eq!(of_rust.collect::<Vec<_>>(), of_header);
}
