// SPDX-License-Identifier: GPL-2.0-or-later
//! A small PE around sections that a fuzz target makes up.

const PE_OFFSET: usize = 64;
/// The optional header, with 16 data directories.
const OPTIONAL_BYTES: u16 = 112 + 16 * 8;
const ALIGNMENT: usize = 16;

/// Returns a PE32+ with these sections, which have names of up to eight bytes.
pub fn pe(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let count = u16::try_from(sections.len()).expect("few sections");
    let table = PE_OFFSET + 24 + usize::from(OPTIONAL_BYTES);
    let headers = (table + 40 * sections.len()).next_multiple_of(ALIGNMENT);
    let mut file = vec![0; table];
    let mut put = |offset: usize, bytes: &[u8]| {
        file[offset..offset + bytes.len()].copy_from_slice(bytes);
    };
    put(0, b"MZ");
    put(60, &[PE_OFFSET as u8]);
    put(PE_OFFSET, b"PE\0\0\x64\x86");
    put(PE_OFFSET + 6, &count.to_le_bytes());
    put(PE_OFFSET + 20, &OPTIONAL_BYTES.to_le_bytes());
    let optional = PE_OFFSET + 24;
    put(optional, &0x20b_u16.to_le_bytes());
    put(optional + 32, &[ALIGNMENT as u8]);
    put(optional + 36, &[ALIGNMENT as u8]);
    put(optional + 56, &(1_u32 << 24).to_le_bytes());
    put(optional + 60, &(headers as u32).to_le_bytes());
    put(optional + 108, &[16]);
    let mut body = Vec::new();
    for (name, data) in sections {
        let at = (headers + body.len()) as u32;
        let raw = data.len().next_multiple_of(ALIGNMENT) as u32;
        let mut header = [0; 40];
        header[..name.len()].copy_from_slice(name.as_bytes());
        for (field, value) in [data.len() as u32, at, raw, at].iter().enumerate() {
            header[8 + 4 * field..][..4].copy_from_slice(&value.to_le_bytes());
        }
        file.extend(header);
        body.extend(*data);
        body.resize(body.len().next_multiple_of(ALIGNMENT), 0);
    }
    file.resize(headers, 0);
    file.extend(body);
    file
}
