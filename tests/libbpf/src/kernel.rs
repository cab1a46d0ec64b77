// SPDX-License-Identifier: GPL-2.0-or-later
//! Programs and maps as the kernel describes them (BPF_OBJ_GET_INFO_BY_FD).

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::c_char;
use std::io::Error;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use libbpf_sys::{bpf_map_info, bpf_prog_info};

/// Larger values are not compared.
const CONTENT_MAX: u32 = 1 << 20;
/// BPF_MAP_TYPE_ARRAY
const ARRAY: u32 = 2;

/// A program, as the kernel describes it.
#[derive(Debug)]
pub struct Program {
    pub name: String,
    pub tag: String,
    /// The function that it is for, and whether its license is compatible with the GPL.
    pub place: String,
    /// `struct bpf_insn`, after the verifier's changes.
    pub instructions: Vec<[u8; 8]>,
    /// `struct bpf_func_info` and `struct bpf_line_info`
    pub functions: Vec<[u32; 2]>,
    pub lines: Vec<[u32; 4]>,
}

/// A map, as the kernel describes it.
#[derive(Debug)]
pub struct Map {
    pub kind: u32,
    pub key_bytes: u32,
    pub value_bytes: u32,
    pub max_entries: u32,
    pub flags: u32,
    /// The value of an array of one.
    pub content: Vec<u8>,
}

/// All that a loader has made: the program, and the maps by their names.
#[derive(Debug)]
pub struct Loaded {
    pub program: Program,
    pub maps: BTreeMap<String, Map>,
    /// The names of the maps by their IDs, which instructions have.
    pub ids: BTreeMap<u32, String>,
}

fn checked(call: &str, result: i32) -> i32 {
    assert!(result >= 0, "{call}: {}", Error::from_raw_os_error(-result));
    result
}

fn text(name: &[c_char]) -> String {
    let bytes = name.iter().map(|byte| byte.cast_unsigned());
    String::from_utf8(bytes.take_while(|byte| *byte != 0).collect()).expect("names are ASCII")
}

fn address<T>(list: &mut [T]) -> u64 {
    list.as_mut_ptr().expose_provenance() as u64
}

fn info_of(program: i32, mut info: bpf_prog_info) -> bpf_prog_info {
    let mut bytes = u32::try_from(size_of_val(&info)).expect("it is small");
    // SAFETY: the caller has set the addresses in `info` to lists of the lengths beside
    // them; its own size is passed.
    let result =
        unsafe { libbpf_sys::bpf_prog_get_info_by_fd(program, &raw mut info, &raw mut bytes) };
    checked("BPF_OBJ_GET_INFO_BY_FD", result);
    info
}

impl Program {
    fn of(program: i32) -> Program {
        let counts = info_of(program, bpf_prog_info::default());
        let list = |count: u32| usize::try_from(count).expect("64 bits");
        let mut instructions = vec![[0; 8]; list(counts.xlated_prog_len / 8)];
        let mut functions = vec![[0; 2]; list(counts.nr_func_info)];
        let mut lines = vec![[0; 4]; list(counts.nr_line_info)];
        let info = info_of(
            program,
            bpf_prog_info {
                xlated_prog_len: counts.xlated_prog_len,
                xlated_prog_insns: address(&mut instructions),
                nr_func_info: counts.nr_func_info,
                func_info_rec_size: 8,
                func_info: address(&mut functions),
                nr_line_info: counts.nr_line_info,
                line_info_rec_size: 16,
                line_info: address(&mut lines),
                ..bpf_prog_info::default()
            },
        );
        assert_ne!(info.xlated_prog_insns, 0, "the kernel shows instructions");
        Program {
            name: text(&info.name),
            tag: info.tag.map(|byte| format!("{byte:02x}")).concat(),
            place: format!(
                "type {} function {} gpl {}",
                info.type_,
                info.attach_btf_id,
                info.gpl_compatible()
            ),
            instructions,
            functions,
            lines,
        }
    }
}

/// Returns a map's ID, name and description.
fn map(fd: i32) -> (u32, String, Map) {
    let mut info = bpf_map_info::default();
    let mut bytes = u32::try_from(size_of_val(&info)).expect("it is small");
    // SAFETY: the structure's own size is passed, and it has no addresses.
    let result = unsafe { libbpf_sys::bpf_map_get_info_by_fd(fd, &raw mut info, &raw mut bytes) };
    checked("BPF_OBJ_GET_INFO_BY_FD", result);
    let mut content = Vec::new();
    if info.type_ == ARRAY && info.max_entries == 1 && info.value_size <= CONTENT_MAX {
        content.resize(usize::try_from(info.value_size).expect("64 bits"), 0);
        let key = 0u32;
        let value = content.as_mut_ptr().cast();
        // SAFETY: keys of arrays have 4 bytes, and `content` has the size of a value.
        let result = unsafe { libbpf_sys::bpf_map_lookup_elem(fd, (&raw const key).cast(), value) };
        checked("BPF_MAP_LOOKUP_ELEM", result);
    }
    let found = Map {
        kind: info.type_,
        key_bytes: info.key_size,
        value_bytes: info.value_size,
        max_entries: info.max_entries,
        flags: info.map_flags,
        content,
    };
    (info.id, text(&info.name), found)
}

impl Loaded {
    /// Asks the kernel about a program and its maps.
    pub fn of(program: i32, maps: &[i32]) -> Loaded {
        let mut loaded = Loaded {
            program: Program::of(program),
            maps: BTreeMap::new(),
            ids: BTreeMap::new(),
        };
        for (id, name, map) in maps.iter().map(|fd| map(*fd)) {
            loaded.ids.insert(id, name.clone());
            let before = loaded.maps.insert(name, map);
            assert!(before.is_none(), "two maps have one name");
        }
        loaded
    }
}

/// A call that returns the next ID.
type Next = unsafe extern "C" fn(u32, *mut u32) -> i32;
/// A call that returns a descriptor for an ID.
type ById = unsafe extern "C" fn(u32) -> i32;

/// The IDs of all programs and maps in the kernel.
pub struct Ids {
    programs: BTreeSet<u32>,
    maps: BTreeSet<u32>,
}

fn all(next: Next) -> BTreeSet<u32> {
    let (mut found, mut id) = (BTreeSet::new(), 0);
    // SAFETY: writes one number.
    while unsafe { next(id, &raw mut id) } == 0 {
        found.insert(id);
    }
    found
}

fn open(ids: BTreeSet<u32>, by_id: ById) -> Vec<OwnedFd> {
    let open = |id| {
        // SAFETY: takes a number only.
        let fd = checked("BPF_*_GET_FD_BY_ID", unsafe { by_id(id) });
        // SAFETY: the call above made the descriptor, and nobody else has it.
        unsafe { OwnedFd::from_raw_fd(fd) }
    };
    ids.into_iter().map(open).collect()
}

impl Ids {
    pub fn now() -> Ids {
        Ids {
            programs: all(libbpf_sys::bpf_prog_get_next_id),
            maps: all(libbpf_sys::bpf_map_get_next_id),
        }
    }

    /// Describes the one program that was loaded since, and its maps.
    pub fn since(&self) -> Loaded {
        let now = Ids::now();
        let programs = &now.programs - &self.programs;
        let programs = open(programs, libbpf_sys::bpf_prog_get_fd_by_id);
        let maps = open(&now.maps - &self.maps, libbpf_sys::bpf_map_get_fd_by_id);
        let maps: Vec<i32> = maps.iter().map(AsRawFd::as_raw_fd).collect();
        let [program] = programs.as_slice() else {
            panic!("{} programs were loaded", programs.len());
        };
        Loaded::of(program.as_raw_fd(), &maps)
    }
}
