// SPDX-License-Identifier: GPL-2.0-or-later
//! Files that are refused, with the errors.

use super::build::{
    CALL, CODE, DATA, EXIT, FUNCTION, File, LOAD, NOBITS, NOTYPE, OBJECT, PROGBITS, Types, btf,
    instruction, second,
};
use super::{HOOK, parser, parser_with, types};
use crate::formats::object::btf::kind;
use crate::formats::object::{Object, ObjectError};

fn error(file: &[u8]) -> ObjectError {
    Object::parse(file, HOOK).err().expect("an error")
}

/// Returns the error about a map.
fn map(map: &str, what: &'static str) -> ObjectError {
    ObjectError::Map {
        map: map.into(),
        what,
    }
}

/// Builds a program that does nothing: section 1, symbol 1.
fn small() -> File {
    let file = File::new().section(HOOK, PROGBITS, CODE, &instruction(EXIT, 0, 0));
    file.symbol("parse", FUNCTION, 1, 0, 8)
}

#[test]
fn what_is_no_object_file_is_said() {
    let file = parser().finish();
    let elf = |what| ObjectError::Elf { what };
    assert_eq!(error(b"ZZZZ"), elf("it has no ELF header"));
    assert_eq!(error(&[]), elf("it has no ELF header"));
    let mut other = file.clone();
    other[18] = 62;
    let what = "it is an ELF file, but not for BPF";
    assert_eq!(error(&other), elf(what));
    let half = &file[..file.len() / 2];
    assert_eq!(error(half), elf("its section table runs past its end"));
    let mut big = file.clone();
    big[5] = 2;
    let what = "it is not 64-bit little-endian";
    assert_eq!(error(&big), elf(what));
}

#[test]
fn programs_of_another_kind_are_refused() {
    let with = |section: &str| {
        let exit = instruction(EXIT, 0, 0);
        let file = File::new().section(section, PROGBITS, CODE, &exit);
        file.symbol("one", FUNCTION, 1, 0, 8)
    };
    let section = "fentry/hook".into();
    assert_eq!(
        error(&with("fentry/hook").finish()),
        ObjectError::OtherHook { section }
    );
    let none = ObjectError::Programs { count: 0 };
    assert_eq!(error(&with(".text").finish()), none);
    assert_eq!(error(&File::new().finish()), none);
    let two = with(HOOK).symbol("two", FUNCTION, 1, 0, 8);
    assert_eq!(error(&two.finish()), ObjectError::Programs { count: 2 });
}

#[test]
fn functions_are_whole() {
    for (start, size) in [(0, 16), (8, 8), (0, 4), (0, 0)] {
        let exit = instruction(EXIT, 0, 0);
        let file = File::new().section(HOOK, PROGBITS, CODE, &exit);
        let file = file.symbol("parse", FUNCTION, 1, start, size).finish();
        let name = "parse".into();
        assert_eq!(
            error(&file),
            ObjectError::Function { name },
            "{start}+{size}"
        );
    }
}

/// Parses a file in which many functions share the same bytes.
#[test]
fn functions_in_each_other_do_not_multiply() {
    let count = 1500;
    let mut code = vec![instruction(CALL, 0x10, 0); count];
    code.push(instruction(EXIT, 0, 0));
    let bytes = code.as_flattened();
    let mut file = File::new()
        .section(".text", PROGBITS, CODE, bytes)
        .section(HOOK, PROGBITS, CODE, &instruction(CALL, 0x10, -1))
        .symbol("parse", FUNCTION, 2, 0, 8);
    for start in (0..bytes.len()).step_by(8) {
        let size = bytes.len() - start;
        file = file.symbol("inside", FUNCTION, 1, start as u64, size as u64);
    }
    let file = file.relocations(2, &[(0, 2)]).finish();
    assert_eq!(error(&file), ObjectError::TooLong);
}

#[test]
fn as_many_as_the_kernel_takes() {
    let call = [instruction(CALL, 0x10, -1); 257];
    let mut file = File::new()
        .section(HOOK, PROGBITS, CODE, call.as_flattened())
        .symbol("parse", FUNCTION, 1, 0, 257 * 8);
    for number in 0..257 {
        file = file.symbol(&format!("k{number}"), NOTYPE, 0, 0, 0);
    }
    let places: Vec<(u64, u64)> = (0..257).map(|number| (number * 8, number + 2)).collect();
    let what = "the kernel allows no more kfuncs";
    let file = file.relocations(1, &places).finish();
    assert_eq!(error(&file), reference(256 * 8, "k256", what));

    let mut file = small();
    for number in 0..65 {
        file = file.section(&format!(".data.{number}"), PROGBITS, DATA, &[1]);
    }
    let what = "the kernel allows no more maps";
    assert_eq!(error(&file.finish()), map(".data.64", what));
}

/// Returns the error about a reference in the program's instruction at `at`.
fn reference(at: u64, symbol: &str, what: &'static str) -> ObjectError {
    ObjectError::Reference {
        function: "parse".into(),
        at,
        symbol: symbol.into(),
        what,
    }
}

#[test]
fn what_a_parser_cannot_refer_to_is_said_with_its_place() {
    let file = |program: [[u8; 8]; 2], places: &[(u64, u64)]| {
        File::new()
            .section(HOOK, PROGBITS, CODE, program.as_flattened())
            .section(".bss", NOBITS, DATA, &[0; 8])
            .section("struct_ops", PROGBITS, DATA, &[0; 8])
            .symbol("parse", FUNCTION, 1, 0, 16)
            .symbol("CONFIG_KEXEC", NOTYPE, 0, 0, 0)
            .symbol("operations", OBJECT, 3, 0, 8)
            .relocations(1, places)
            .finish()
    };
    let load = |value| [instruction(LOAD, 0x01, value), second(0)];
    let what = "it is defined outside the file, which only functions may be";
    assert_eq!(
        error(&file(load(0), &[(0, 2)])),
        reference(0, "CONFIG_KEXEC", what)
    );
    let what = "it is in a section without maps or variables";
    assert_eq!(
        error(&file(load(0), &[(0, 3)])),
        reference(0, "operations", what)
    );
    let what = "it refers to a symbol that the file does not have";
    assert_eq!(
        error(&file(load(0), &[(0, 9)])),
        reference(0, "no symbol", what)
    );
    let what = "such an instruction cannot refer to a symbol";
    let exit = [instruction(EXIT, 0, 0); 2];
    assert_eq!(
        error(&file(exit, &[(8, 3)])),
        reference(8, "operations", what)
    );
    let what = "no function begins where it points";
    let call = [instruction(EXIT, 0, 0), instruction(CALL, 0x10, 5)];
    assert_eq!(error(&file(call, &[])), reference(8, "no symbol", what));
    // A descriptor number in the file could be any file that this program has open.
    let what = "it is marked as resolved by a loader, but has no relocation";
    let descriptor = [instruction(LOAD, 0x11, 3), second(0)];
    assert_eq!(
        error(&file(descriptor, &[])),
        reference(0, "no symbol", what)
    );
    let kfunc = [instruction(CALL, 0x20, 900), instruction(EXIT, 0, 0)];
    assert_eq!(error(&file(kfunc, &[])), reference(0, "no symbol", what));
}

#[test]
fn maps_are_described_and_have_no_addresses() {
    let file = small().section(".maps", PROGBITS, DATA, &[0; 8]).finish();
    let what = "the file has no BTF, which describes them";
    assert_eq!(error(&file), map(".maps", what));
    let file = small()
        .section(".maps", PROGBITS, DATA, &[0; 8])
        .section(".BTF", PROGBITS, 0, &Types::new().finish())
        .symbol("addons", OBJECT, 2, 0, 8);
    let what = "its BTF does not describe it";
    assert_eq!(error(&file.finish()), map("addons", what));
    let file = small().section(".data.rel.ro", PROGBITS, DATA, &[0; 8]);
    let what = "it holds addresses, which a map cannot hold";
    assert_eq!(
        error(&file.relocations(2, &[(0, 1)]).finish()),
        map(".data.rel.ro", what)
    );
}

/// Builds a parser whose map "selection" has this field, too.
fn with_field(name: &str, value: u32) -> Vec<u8> {
    let mut types = Types::new();
    types.put("int", kind::INT, 0, 4, &[0x0100_0020]); // 1
    types.put("", kind::ARRAY, 0, 0, &[1, 1, value]); // 2
    types.put("", kind::PTR, 0, 2, &[]); // 3
    types.put("", kind::ARRAY, 0, 0, &[1, 1, 2]); // 4
    types.put("", kind::PTR, 0, 4, &[]); // 5
    let names = ["type", name].map(|name| types.string(name));
    let members = [names[0], 5, 0, names[1], 3, 64];
    types.put("", kind::STRUCT, 2, 16, &members); // 6
    types.put("selection", kind::VAR, 0, 6, &[1]); // 7
    small()
        .section(".maps", PROGBITS, DATA, &[0; 16])
        .section(".BTF", PROGBITS, 0, &types.finish())
        .symbol("selection", OBJECT, 2, 0, 16)
        .finish()
}

#[test]
fn maps_that_would_take_a_descriptor_or_all_memory_are_refused() {
    // BPF_MAP_TYPE_PERCPU_ARRAY, ARRAY_OF_MAPS, HASH_OF_MAPS; BPF_F_TOKEN_FD
    let what = "it is of a kind that is not supported";
    for kind in [6, 12, 13] {
        assert_eq!(
            error(&with_field("type", kind)),
            map("selection", what),
            "{kind}"
        );
    }
    let what = "it has flags that are not supported";
    assert_eq!(
        error(&with_field("map_flags", 1 << 16)),
        map("selection", what)
    );
    let field = ObjectError::MapField {
        map: "selection".into(),
        field: "pinning".into(),
    };
    assert_eq!(error(&with_field("pinning", 1)), field);
    assert!(Object::parse(&with_field("max_entries", 1 << 20), HOOK).is_ok());
    let file = small().huge_section(".bss.pool", 1 << 30).finish();
    let what = "with it, the maps take more than 1 GiB";
    assert_eq!(error(&file), map(".bss.pool", what));
}

/// Reads files of a megabyte that once took minutes.
#[test]
fn maps_do_not_multiply() {
    let mut types = Types::new();
    let key = types.string("key");
    types.put("int", kind::INT, 0, 4, &[0x0100_0020]);
    types.put("", kind::PTR, 0, 1, &[]);
    let members: Vec<u32> = [key, 2, 0].repeat(60_000);
    types.put("", kind::STRUCT, 60_000, 0, &members);
    types.put("many", kind::VAR, 0, 3, &[1]);
    let file = small().section(".BTF", PROGBITS, 0, &types.finish());
    let file = file.section(".maps", PROGBITS, DATA, &[0; 8]);
    let many = file.symbol("many", OBJECT, 3, 0, 8);
    let what = "its BTF does not describe it";
    assert_eq!(error(&many.finish()), map("many", what));

    let file = small()
        .section(".BTF", PROGBITS, 0, &Types::new().finish())
        .section(".maps", PROGBITS, DATA, &[0; 8])
        .section(".maps", PROGBITS, DATA, &[0; 8]);
    let what = "the file has two such sections";
    assert_eq!(error(&file.finish()), map(".maps", what));
}

#[test]
fn tables_do_not_multiply() {
    let damaged = |what| ObjectError::Elf { what };
    let mut file = small();
    for _ in 0..520 {
        file = file.section(".debug", PROGBITS, 0, b"x");
    }
    assert_eq!(
        error(&file.finish()),
        damaged("it has more than 512 sections")
    );
    let exit = instruction(EXIT, 0, 0);
    let file = small().section(".text", PROGBITS, CODE, &exit);
    let what = "its relocation tables are larger than the file";
    assert_eq!(error(&file.whole_file_tables(&[1, 2])), damaged(what));
    let file = small().relocations(1, &[]).relocations(1, &[]).finish();
    assert_eq!(error(&file), damaged("a section has two relocation tables"));
    let long = "s".repeat(600);
    let file = small().section(&long, PROGBITS, 0, b"").finish();
    let what = "a name lies outside it, or is longer than 511 bytes";
    assert_eq!(error(&file), damaged(what));
}

#[test]
fn a_line_belongs_to_an_instruction() {
    let mut types = types();
    let hook = types.string(HOOK);
    let lines = btf(&[24, 0, 4, 4, 28, 8, 16, hook, 1, 4, 0, 0, 1 << 10]);
    let file = parser_with(&types, &lines).finish();
    let what = ".BTF.ext is not a list of functions, lines and relocations";
    assert_eq!(error(&file), ObjectError::Types { what });
}

#[test]
fn variables_of_the_kernel_are_not_to_be_had() {
    let mut types = types();
    types.put("CONFIG_KEXEC", kind::VAR, 0, 1, &[2]);
    let lines = super::lines(&mut types);
    let file = parser_with(&types, &lines).finish();
    let name = "CONFIG_KEXEC".into();
    assert_eq!(error(&file), ObjectError::Variable { name });
}

/// The kernel looks at relocations only if it has types of functions.
#[test]
fn core_relocations_need_types_of_functions() {
    let mut types = types();
    let hook = types.string(HOOK);
    let lines = btf(&[32, 0, 0, 0, 0, 0, 28, 16, hook, 1, 8, 1, 0, 0]);
    let file = parser_with(&types, &lines).finish();
    assert_eq!(error(&file), ObjectError::Core);
    // Without any types, too.
    let without_types = |mut file: Vec<u8>| {
        let at = file
            .windows(6)
            .position(|name| name == b"\0.BTF\0")
            .unwrap();
        file[at + 4] = b'X';
        file
    };
    assert_eq!(error(&without_types(file)), ObjectError::Core);
    let lines = btf(&[32, 0, 0, 0, 0, 0, 0]);
    let file = parser_with(&types, &lines).finish();
    assert!(Object::parse(&file, HOOK).is_ok());
    assert_ne!(error(&without_types(file)), ObjectError::Core);
    let lines = btf(&[32, 0, 0, 0, 0, 0, 4, 8]);
    let file = parser_with(&types, &lines).finish();
    let what = ".BTF.ext is not a list of functions, lines and relocations";
    assert_eq!(error(&file), ObjectError::Types { what });
}

#[test]
fn errors_say_where() {
    let what = "it points outside its section";
    let shown = format!("{}", reference(0x18, "selection", what));
    assert_eq!(
        shown,
        "its function parse+0x18, selection: it points outside its section"
    );
}
