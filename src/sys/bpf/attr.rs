// SPDX-License-Identifier: GPL-2.0-or-later
//! The parts of `union bpf_attr`, field by field as in the header. Layer: effects.

/// BPF_OBJ_NAME_LEN, with the NUL.
pub const NAME_BYTES: usize = 16;
/// MODULE_NAME_LEN on 64 bits, with the NUL.
pub const MODULE_NAME_BYTES: usize = 56;

/// BPF_MAP_CREATE
#[repr(C)]
#[derive(Default)]
pub struct MapCreate {
    pub map_type: u32,
    pub key_size: u32,
    pub value_size: u32,
    pub max_entries: u32,
    pub map_flags: u32,
    pub inner_map_fd: u32,
    pub numa_node: u32,
    pub map_name: [u8; NAME_BYTES],
}

/// BPF_MAP_UPDATE_ELEM
#[repr(C)]
#[derive(Default)]
pub struct MapElem {
    pub map_fd: u32,
    pub padding: u32,
    pub key: u64,
    pub value: u64,
    pub flags: u64,
}

/// BPF_MAP_FREEZE
#[repr(C)]
#[derive(Default)]
pub struct MapFreeze {
    pub map_fd: u32,
}

/// BPF_BTF_GET_FD_BY_ID
#[repr(C)]
#[derive(Default)]
pub struct BtfById {
    pub btf_id: u32,
}

/// BPF_PROG_LOAD
#[repr(C)]
#[derive(Default)]
pub struct ProgLoad {
    pub prog_type: u32,
    pub insn_cnt: u32,
    pub insns: u64,
    pub license: u64,
    pub log_level: u32,
    pub log_size: u32,
    pub log_buf: u64,
    pub kern_version: u32,
    pub prog_flags: u32,
    pub prog_name: [u8; NAME_BYTES],
    pub prog_ifindex: u32,
    pub expected_attach_type: u32,
    pub prog_btf_fd: u32,
    pub func_info_rec_size: u32,
    pub func_info: u64,
    pub func_info_cnt: u32,
    pub line_info_rec_size: u32,
    pub line_info: u64,
    pub line_info_cnt: u32,
    pub attach_btf_id: u32,
    pub attach_btf_obj_fd: u32,
    pub core_relo_cnt: u32,
    pub fd_array: u64,
    pub core_relos: u64,
    pub core_relo_rec_size: u32,
    pub padding: u32,
}

/// BPF_LINK_CREATE, for programs that trace functions
#[repr(C)]
#[derive(Default)]
pub struct LinkCreate {
    pub prog_fd: u32,
    pub target_fd: u32,
    pub attach_type: u32,
    pub flags: u32,
    pub target_btf_id: u32,
    pub padding: u32,
    pub cookie: u64,
}

/// BPF_BTF_LOAD
#[repr(C)]
#[derive(Default)]
pub struct BtfLoad {
    pub btf: u64,
    pub btf_log_buf: u64,
    pub btf_size: u32,
    pub btf_log_size: u32,
    pub btf_log_level: u32,
    pub padding: u32,
}

/// BPF_BTF_GET_NEXT_ID
#[repr(C)]
#[derive(Default)]
pub struct NextId {
    pub start_id: u32,
    pub next_id: u32,
}

/// BPF_OBJ_GET_INFO_BY_FD
#[repr(C)]
#[derive(Default)]
pub struct ObjectInfo {
    pub bpf_fd: u32,
    pub info_len: u32,
    pub info: u64,
}

/// `struct bpf_btf_info`
#[repr(C)]
#[derive(Default)]
pub struct BtfInfo {
    pub btf: u64,
    pub btf_size: u32,
    pub id: u32,
    pub name: u64,
    pub name_len: u32,
    pub kernel_btf: u32,
}
