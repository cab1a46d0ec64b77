// SPDX-License-Identifier: GPL-2.0-or-later
//! Differences between what two loaders made of one object file.

use std::collections::BTreeSet;
use std::fmt::Debug;

use crate::function::{Functions, functions, plain};
use crate::kernel::{Loaded, Map};

/// BPF_F_MMAPABLE
const MMAPABLE: u32 = 1 << 10;

/// A difference: its kind in one word, and where it is.
pub struct Difference {
    pub kind: &'static str,
    pub what: String,
}

/// The differences found so far.
struct Found(Vec<Difference>);

impl Found {
    fn put(&mut self, kind: &'static str, what: String) {
        self.0.push(Difference { kind, what });
    }

    fn unless_equal<T: PartialEq + Debug>(&mut self, kind: &'static str, ours: &T, theirs: &T) {
        if ours != theirs {
            self.put(kind, format!("{ours:?}, libbpf: {theirs:?}"));
        }
    }

    /// Compares two lists, and shows the first place where they differ.
    fn lists<T: PartialEq + Debug>(&mut self, kind: &'static str, ours: &[T], theirs: &[T]) {
        let at = ours
            .iter()
            .zip(theirs)
            .position(|(our, their)| our != their);
        if let Some(at) = at {
            let (our, their) = (&ours[at], &theirs[at]);
            self.put(kind, format!("{at}: {our:x?}, libbpf: {their:x?}"));
        } else if ours.len() != theirs.len() {
            self.put(
                kind,
                format!("{} of them, libbpf: {}", ours.len(), theirs.len()),
            );
        }
    }

    fn maps(&mut self, name: &str, ours: &Map, theirs: &Map) {
        // A flag that libbpf adds to maps of variables.
        let added = ours.flags & MMAPABLE ^ theirs.flags & MMAPABLE;
        if added != 0 {
            self.put("map-mmapable", name.to_owned());
        }
        let shape = |map: &Map, flags: u32| {
            let (kind, key, value) = (map.kind, map.key_bytes, map.value_bytes);
            let entries = map.max_entries;
            format!("{name}: type {kind} key {key} value {value} entries {entries} flags {flags}")
        };
        let (our, their) = (shape(ours, ours.flags), shape(theirs, theirs.flags ^ added));
        self.unless_equal("map-shape", &our, &their);
        self.lists("map-content", &ours.content, &theirs.content);
    }
}

/// Compares programs and maps.
pub fn compare(ours: &Loaded, theirs: &Loaded) -> Vec<Difference> {
    let mut found = Found(Vec::new());
    let (our, their) = (&ours.program, &theirs.program);
    found.unless_equal("name", &our.name, &their.name);
    found.unless_equal("place", &our.place, &their.place);

    let kinds = |loaded: &Loaded| -> Vec<u32> {
        let functions = loaded.program.functions.iter();
        functions.map(|[_, kind]| *kind).collect()
    };
    let (our_kinds, their_kinds) = (kinds(ours), kinds(theirs));
    if our_kinds == their_kinds {
        found.unless_equal("tag", &our.tag, &their.tag);
    } else {
        // Then the tags differ, too.
        found.unless_equal("order", &our_kinds, &their_kinds);
    }
    let (our, their) = (functions(ours), functions(theirs));
    let all = |of: &Functions<'_>| of.keys().copied().collect::<Vec<u32>>();
    found.unless_equal("function", &all(&our), &all(&their));
    for (kind, our) in &our {
        if let Some(their) = their.get(kind) {
            found.lists("instruction", &our.instructions, &their.instructions);
            found.lists("line", &our.lines, &their.lines);
        }
    }

    let names = |loaded: &Loaded| -> BTreeSet<String> {
        loaded.maps.keys().map(|name| plain(name).into()).collect()
    };
    found.unless_equal("maps", &names(ours), &names(theirs));
    for (name, theirs) in &theirs.maps {
        if name != plain(name) {
            found.put("map-name", name.clone());
        }
        if let Some(ours) = ours.maps.get(plain(name)) {
            found.maps(plain(name), ours, theirs);
        }
    }
    found.0
}
