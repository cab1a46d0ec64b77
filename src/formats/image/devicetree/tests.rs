// SPDX-License-Identifier: GPL-2.0-or-later
//! Device trees built word by word, and a table as ukify writes it.
use super::*;
use crate::formats::image::build;
use crate::formats::image::pe;
use crate::formats::image::uki::Uki;

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// Builds a tree whose root has a property before `compatible`.
fn tree(compatible: &str) -> Vec<u8> {
    let strings = b"model\0compatible\0";
    let value = compatible.len() + 1;
    let padded = value.next_multiple_of(4);
    let structure = 40;
    let structure_bytes = 4 * 6 + 4 + 12 + padded + 8;
    let strings_at = structure + structure_bytes;
    let total = strings_at + strings.len();
    let number = |number: usize| number as u32;
    let mut blob = words(&[
        0xd00d_feed,
        number(total),
        number(structure),
        number(strings_at),
        0,
        17,
        16,
        0,
        number(strings.len()),
        number(structure_bytes),
    ]);
    // The root's node, "model" with 2 bytes, NOP, "compatible", the end of both.
    blob.extend(words(&[1, 0, 3, 2, 0, 0x6100_0000, 4, 3]));
    blob.extend(words(&[number(value), 6]));
    blob.extend(compatible.as_bytes());
    blob.resize(blob.len() + padded - value + 1, 0);
    blob.extend(words(&[2, 9]));
    blob.resize(strings_at, 0);
    blob.extend(strings);
    blob
}

fn device(compatible: Option<&str>) -> Device {
    Device {
        compatible: compatible.map(|text| text.as_bytes().to_vec()),
        smbios: Smbios {
            fields: ["LENOVO", "ThinkPad T440s", "20ARS19C0C", "", "", ""]
                .map(|field| field.as_bytes().to_vec()),
        },
    }
}

/// Builds a table that has an entry for manufacturer and family of [`device`], and its
/// strings.
fn table() -> Vec<u8> {
    let mut table = 0x1000_001c_u32.to_le_bytes().to_vec();
    table.extend(b"\x4c\xaf\x73\xdb\x12\x46\xf7\x50\xb8\xa7\x78\x7c\xf4\x87\x18\x47");
    table.extend(56_u32.to_le_bytes());
    table.extend(61_u32.to_le_bytes());
    table.extend([0; 28]);
    table.extend(b"name\0vendor,two\0");
    table
}

/// Returns the contents of the chosen section.
fn chosen(sections: &[(&str, &[u8])], device: &Device) -> Option<Vec<u8>> {
    let kernel = build::bzimage();
    let mut all = sections.to_vec();
    all.push((".linux", &kernel));
    let file = build::pe(&all);
    let uki = Uki::from_pe(&pe::parse(file.as_slice()).unwrap()).unwrap();
    let slice = choose(file.as_slice(), &uki.select(0).unwrap(), device).unwrap()?;
    let start = slice.offset.0 as usize;
    Some(file[start..start + slice.bytes as usize].to_vec())
}

#[test]
fn the_first_compatible_of_the_root_counts() {
    let whole = |blob: &[u8]| FileSlice {
        offset: crate::formats::source::FileOffset(0),
        bytes: blob.len() as u64,
    };
    for name in ["a,b", "vendor,board-1", "x"] {
        let blob = tree(name);
        let found = fdt::compatible(blob.as_slice(), whole(&blob)).unwrap();
        assert_eq!(found.as_deref(), Some(name.as_bytes()));
        for cut in 0..blob.len() {
            let short = &blob[..cut];
            assert_eq!(fdt::compatible(short, whole(short)), Ok(None), "{cut}");
        }
    }
}

#[test]
fn the_firmwares_tree_goes_before_the_table() {
    let (one, two, plain) = (tree("vendor,one"), tree("vendor,two"), tree("any"));
    let table = table();
    let sections: [(&str, &[u8]); 4] = [
        (".hwids", &table),
        (".dtbauto", &one),
        (".dtbauto", &two),
        (".dtb", &plain),
    ];
    let choose = |compatible| chosen(&sections, &device(compatible));
    assert_eq!(choose(Some("vendor,one")), Some(one.clone()));
    assert_eq!(choose(None), Some(two.clone()));
    assert_eq!(choose(Some("vendor,three")), Some(plain.clone()));
    let unknown = Device::default();
    assert_eq!(chosen(&sections, &unknown), Some(plain));
    assert_eq!(chosen(&[(".dtbauto", &one)], &device(None)), None);
}

#[test]
fn a_damaged_table_knows_no_machine() {
    let two = tree("vendor,two");
    let good = table();
    for cut in 0..good.len() {
        let sections: [(&str, &[u8]); 2] = [(".hwids", &good[..cut]), (".dtbauto", &two)];
        assert_eq!(chosen(&sections, &device(None)), None, "{cut}");
    }
    let mut other = good;
    other[3] = 0x30;
    let sections: [(&str, &[u8]); 2] = [(".hwids", &other), (".dtbauto", &two)];
    assert_eq!(chosen(&sections, &device(None)), None);
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_inside(blob: Vec<u8>, table: Vec<u8>) {
        let slice = |bytes: &[u8]| FileSlice {
            offset: crate::formats::source::FileOffset(0),
            bytes: bytes.len() as u64,
        };
        fdt::compatible(blob.as_slice(), slice(&blob)).unwrap();
        hwids::compatible(table.as_slice(), slice(&table), &Smbios::default()).unwrap();
    }
}
