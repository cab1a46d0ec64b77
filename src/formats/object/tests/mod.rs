// SPDX-License-Identifier: GPL-2.0-or-later
//! Tests of the reader of object files, on files that are built here. The tests with a
//! kernel show that the kernel accepts the result.

pub(crate) mod build;
mod errors;
mod kernel;

use alloc::vec::Vec;

use super::btf::kind;
use super::instruction::Instruction;
use super::{Btf, Extern, Kfunc, Linked, Map, Object};
use build::{
    CALL, CODE, DATA, EXIT, FUNC_PROTO, FUNCTION, File, LOAD, NOTYPE, OBJECT, PROGBITS, SECTION,
    STATIC_FUNCTION, Types, WEAK, btf, instruction, second,
};
use proptest::prelude::*;

const HOOK: &str = "fentry.s/hook";
const KFUNC: Kfunc = Kfunc {
    id: 900,
    btf: 1,
    fd: 6,
};

fn called(name: &str, is_weak: bool) -> Extern<'_> {
    let name = name.as_bytes();
    Extern { name, is_weak }
}

/// Returns the instructions as they are in memory.
fn bytes(linked: &Linked) -> Vec<[u8; 8]> {
    let bytes = |one: &Instruction| {
        let [low, high] = one.offset.to_le_bytes();
        let mut bytes = instruction(one.code, one.registers, one.value);
        (bytes[2], bytes[3]) = (low, high);
        bytes
    };
    linked.instructions.iter().map(bytes).collect()
}

/// The numbers of the sections in [`parser`], in the order in which they are added.
const TEXT: u16 = 1;
const PROGRAM: u16 = 2;
const MAPS: u16 = 3;
const CONSTANTS: u16 = 4;

/// The numbers of the symbols in [`parser`].
mod symbol {
    pub const TEXT: u64 = 1;
    pub const MAP: u64 = 3;
    pub const CONSTANTS: u64 = 4;
    pub const KFUNC: u64 = 5;
    pub const OUTER: u64 = 7;
}

/// Returns the program, one instruction per entry: it uses a map, a kfunc, a constant, a
/// function of .text, and a callback.
fn program() -> Vec<[u8; 8]> {
    vec![
        instruction(LOAD, 0x01, 0),
        second(0),
        instruction(CALL, 0x10, -1),
        instruction(LOAD, 0x02, 4),
        second(0),
        instruction(CALL, 0x10, -1),
        // "inner" starts 24 bytes into .text.
        instruction(LOAD, 0x02, 24),
        second(0),
        instruction(EXIT, 0, 0),
    ]
}

/// Returns .text: "unused", 8 bytes; "outer", which calls the next function; "inner".
fn text() -> Vec<[u8; 8]> {
    vec![
        instruction(EXIT, 0, 1),
        instruction(CALL, 0x10, 1),
        instruction(EXIT, 0, 2),
        instruction(EXIT, 0, 3),
    ]
}

fn types() -> Types {
    let mut types = Types::new();
    types.put("int", kind::INT, 0, 4, &[0x0100_0020]); // 1
    types.put("", kind::ARRAY, 0, 0, &[1, 1, 2]); // 2: [2], the type of an array
    types.put("", kind::PTR, 0, 2, &[]); // 3
    types.put("key_t", kind::TYPEDEF, 0, 1, &[]); // 4
    types.put("", kind::PTR, 0, 4, &[]); // 5
    types.put("", kind::ARRAY, 0, 0, &[1, 1, 3]); // 6: 12 bytes
    types.put("", kind::PTR, 0, 6, &[]); // 7
    types.put("", kind::ARRAY, 0, 0, &[1, 1, 40]); // 8
    types.put("", kind::PTR, 0, 8, &[]); // 9
    let names = ["type", "key", "value", "max_entries"].map(|name| types.string(name));
    let members: Vec<u32> = names
        .into_iter()
        .zip([3, 5, 7, 9])
        .zip([0, 64, 128, 192])
        .flat_map(|((name, of), offset)| [name, of, offset])
        .collect();
    types.put("", kind::STRUCT, 4, 32, &members); // 10
    types.put("selection", kind::VAR, 0, 10, &[1]); // 11
    types.put("", FUNC_PROTO, 0, 1, &[]); // 12
    types.put("parse", kind::FUNC, 1, 12, &[]); // 13
    types.put("outer", kind::FUNC, 1, 12, &[]); // 14
    types.put("inner", kind::FUNC, 0, 12, &[]); // 15
    types.put("helper_read", kind::FUNC, 2, 12, &[]); // 16
    types.put(".maps", kind::DATASEC, 1, 0, &[11, 0, 32]); // 17
    types.put("unseen", kind::FUNC, 1, 12, &[]); // 18
    types
}

/// Builds .BTF.ext: the functions' types, and a line for each function.
fn lines(types: &mut Types) -> Vec<u8> {
    let (text, hook) = (types.string(".text"), types.string(HOOK));
    let functions = [8, hook, 1, 0, 13, text, 2, 8, 14, 24, 15];
    let lines = [16, hook, 2, 0, 0, 0, 1 << 10, 40, 0, 0, 2 << 10];
    let more = [text, 2, 8, 0, 0, 8 << 10, 24, 0, 0, 9 << 10];
    let bytes = |fields: &[u32]| fields.len() as u32 * 4;
    let header = [
        24,
        0,
        bytes(&functions),
        bytes(&functions),
        bytes(&lines) + bytes(&more),
    ];
    btf(&[&header[..], &functions, &lines, &more].concat())
}

fn parser_of(program: &[[u8; 8]], text: &[[u8; 8]], types: &Types, lines: &[u8]) -> File {
    File::new()
        .section(".text", PROGBITS, CODE, text.as_flattened())
        .section(HOOK, PROGBITS, CODE, program.as_flattened())
        .section(".maps", PROGBITS, DATA, &[0; 32])
        .section(".rodata", PROGBITS, 2, b"abc\0defg\0")
        .section("license", PROGBITS, DATA, b"GPL\0")
        .section(".BTF", PROGBITS, 0, &types.finish())
        .section(".BTF.ext", PROGBITS, 0, lines)
        .symbol("", SECTION, TEXT, 0, 0)
        .symbol("parse", FUNCTION, PROGRAM, 0, 8 * program.len() as u64)
        .symbol("selection", OBJECT, MAPS, 0, 32)
        .symbol("", SECTION, CONSTANTS, 0, 0)
        .symbol("helper_read", NOTYPE, 0, 0, 0)
        .symbol("unused", FUNCTION, TEXT, 0, 8)
        .symbol("outer", FUNCTION, TEXT, 8, 16)
        .symbol("inner", STATIC_FUNCTION, TEXT, 24, 8)
        .symbol("unseen", FUNCTION, TEXT, 0, 8)
        .hidden()
}

const PLACES: [(u64, u64); 5] = [
    (0, symbol::MAP),
    (16, symbol::KFUNC),
    (24, symbol::CONSTANTS),
    (40, symbol::OUTER),
    (48, symbol::TEXT),
];

fn parser_with(types: &Types, lines: &[u8]) -> File {
    let file = parser_of(&program(), &text(), types, lines);
    file.relocations(PROGRAM.into(), &PLACES)
}

fn parser() -> File {
    let mut types = types();
    let lines = lines(&mut types);
    parser_with(&types, &lines)
}

#[test]
fn what_a_parser_has_is_found() {
    let file = parser().finish();
    let object = Object::parse(&file, HOOK).unwrap();
    assert_eq!(object.name(), b"parse");
    assert_eq!(object.license(), b"GPL");
    assert_eq!(object.kfuncs(), [called("helper_read", false)]);
    let [selection, constants] = object.maps() else {
        panic!("two maps");
    };
    let declared = Map {
        name: b"selection",
        kind: 2,
        key_bytes: 4,
        value_bytes: 12,
        max_entries: 40,
        section: MAPS.into(),
        ..Map::default()
    };
    assert_eq!(*selection, declared);
    assert_eq!(constants.content, Some(&b"abc\0defg\0"[..]));
    assert!(constants.is_constant() && !selection.is_constant());
    assert_eq!((constants.value_bytes, constants.max_entries), (9, 1));
}

#[test]
fn instructions_come_out_as_the_kernel_takes_them() {
    let file = parser().finish();
    let object = Object::parse(&file, HOOK).unwrap();
    let linked = object.link(&[7, 8], &[Some(KFUNC)]);
    let mut kfunc = instruction(CALL, 0x20, 900);
    kfunc[2] = 1;
    let expected = [
        instruction(LOAD, 0x11, 7),
        second(0),
        kfunc,
        instruction(LOAD, 0x22, 8),
        second(4),
        // "outer" is the first of the functions, because it is called first.
        instruction(CALL, 0x10, 3),
        instruction(LOAD, 0x42, 4),
        second(0),
        instruction(EXIT, 0, 0),
        instruction(CALL, 0x10, 1),
        instruction(EXIT, 0, 2),
        instruction(EXIT, 0, 3),
    ];
    assert_eq!(bytes(&linked), expected, "and \"unused\" is left out");
    assert_eq!(linked.functions, [[0, 13], [9, 14], [11, 15]]);
    let lines: Vec<_> = linked
        .lines
        .iter()
        .map(|line| (line[0], line[3] >> 10))
        .collect();
    assert_eq!(lines, [(0, 1), (5, 2), (9, 8), (11, 9)]);
}

/// Builds a program that tests for a function before it calls it.
fn asking(places: &[(u64, u64)]) -> Vec<u8> {
    let program = [
        instruction(LOAD, 0x01, 0),
        second(0),
        instruction(CALL, 0x10, -1),
        instruction(EXIT, 0, 0),
    ];
    File::new()
        .section(HOOK, PROGBITS, CODE, program.as_flattened())
        .symbol("parse", FUNCTION, 1, 0, 32)
        .symbol("helper_read", WEAK, 0, 0, 0)
        .relocations(1, places)
        .finish()
}

#[test]
fn a_program_may_ask_whether_a_kfunc_is_there() {
    let file = asking(&[(0, 2), (16, 2)]);
    let object = Object::parse(&file, HOOK).unwrap();
    assert_eq!(object.kfuncs(), [called("helper_read", true)]);
    let mut kfunc = instruction(CALL, 0x20, 900);
    kfunc[2] = 1;
    let there = [instruction(LOAD, 0x31, 900), second(6), kfunc];
    assert_eq!(bytes(&object.link(&[], &[Some(KFUNC)]))[..3], there);
    let no_call = instruction(CALL, 0, 2_002_000_000);
    let missing = [instruction(LOAD, 0x01, 0), second(0), no_call];
    assert_eq!(bytes(&object.link(&[], &[None]))[..3], missing);
}

/// Refers to a map by its section, as clang does to static variables and static maps.
#[test]
fn a_map_is_where_it_is_in_its_section() {
    let mut types = types();
    types.put("addons", kind::VAR, 0, 10, &[0]);
    let lines = lines(&mut types);
    let mut program = program();
    program[0] = instruction(LOAD, 0x01, 32);
    let file = parser_of(&program, &text(), &types, &lines)
        .symbol("addons", OBJECT, MAPS, 32, 32)
        .symbol("", SECTION, MAPS, 0, 0);
    let section = file.last_symbol();
    let mut places = PLACES;
    places[0].1 = section;
    let file = file.relocations(PROGRAM.into(), &places).finish();
    let object = Object::parse(&file, HOOK).unwrap();
    let names: Vec<&[u8]> = object.maps().iter().map(|map| map.name).collect();
    assert_eq!(names, [&b"addons"[..], b"selection", b".rodata"]);
    let linked = object.link(&[7, 8, 9], &[Some(KFUNC)]);
    assert_eq!(bytes(&linked)[..2], [instruction(LOAD, 0x11, 7), second(0)]);
}

/// They move with their functions, and count in bytes.
#[test]
fn core_relocations_are_for_the_kernel() {
    let mut types = types();
    let (text, hook, path) = (
        types.string(".text"),
        types.string(HOOK),
        types.string("0:1"),
    );
    let functions = [8, hook, 1, 0, 13, text, 2, 8, 14, 24, 15];
    let core = [
        16, hook, 1, 16, 3, path, 0, text, 2, 0, 3, path, 2, 24, 3, path, 1,
    ];
    let bytes = |fields: &[u32]| fields.len() as u32 * 4;
    let header = [
        32,
        0,
        bytes(&functions),
        0,
        0,
        bytes(&functions),
        bytes(&core),
    ];
    let lines = btf(&[&header[..], &functions, &core].concat());
    let file = parser_with(&types, &lines).finish();
    let linked = Object::parse(&file, HOOK)
        .unwrap()
        .link(&[7, 8], &[Some(KFUNC)]);
    let inner = linked.functions.iter().find(|[_, of]| *of == 15).unwrap()[0];
    // The function at the start of .text is not reached.
    let wanted = [[16, 3, path, 0], [inner * 8, 3, path, 1]];
    assert_eq!(linked.relocations, wanted);
    assert!(inner * 8 > 24, "it was moved");
}

#[test]
fn functions_without_a_type_have_no_lines_either() {
    let mut types = types();
    let hook = types.string(HOOK);
    let header = [24, 0, 20, 20, 28];
    let function = [8, hook, 1, 0, 13];
    let line = [16, hook, 1, 0, 0, 0, 1 << 10];
    let lines = btf(&[&header[..], &function, &line].concat());
    let file = parser_with(&types, &lines).finish();
    let linked = Object::parse(&file, HOOK).unwrap().link(&[7, 8], &[]);
    assert_eq!((linked.functions.len(), linked.lines.len()), (0, 0));
}

#[test]
fn types_are_completed_for_the_kernel() {
    let file = parser().finish();
    let object = Object::parse(&file, HOOK).unwrap();
    let bytes = object.types().unwrap();
    let kernels = Btf::parse(&bytes, 0).unwrap();
    let of = |number: usize| {
        let found = kernels.types().nth(number - 1).unwrap();
        let name = core::str::from_utf8(kernels.name_of(&found)).unwrap();
        (name, found.kind, found.count, found.size_or_type)
    };
    assert_eq!(kernels.types().count(), 18, "each keeps its number");
    assert_eq!(of(13), ("parse", kind::FUNC, 1, 12));
    assert_eq!(of(15), ("inner", kind::FUNC, 0, 12));
    assert_eq!(of(16), ("helper_read", kind::TYPEDEF, 0, 12));
    assert_eq!(of(17), ("", kind::PTR, 0, 0));
    assert_eq!(of(18), ("unseen", kind::FUNC, 0, 12), "hidden is static");
}

/// Uses a file in every possible way.
fn all_of(file: &[u8]) {
    match Object::parse(file, HOOK) {
        Ok(object) => {
            let linked = object.link(&[3], &[Some(KFUNC)]);
            let lines = linked.lines.iter();
            assert!(
                lines
                    .clone()
                    .all(|line| (line[0] as usize) < linked.instructions.len())
            );
            drop((object.types(), object.license().len()));
        }
        Err(error) => drop(format!("{error}")),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(file in proptest::collection::vec(any::<u8>(), 0..600)) {
        all_of(&file);
        drop(Btf::parse(&file, 0).map(|btf| btf.functions(&[b"parse"], |_| None)));
        drop(kernel::survey(&file, &[b"parse"]));
    }

    #[test]
    fn a_parser_with_some_bytes_changed(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)
    ) {
        let mut file = parser().finish();
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        all_of(&file);
    }
}
