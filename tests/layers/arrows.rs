// SPDX-License-Identifier: GPL-2.0-or-later
//! References among the files of src: arrows between modules, by their paths.
//!
//! Tests may refer to anything, and a module may refer to its own parts: the files of
//! its directory.

use std::collections::{BTreeMap, BTreeSet};

/// Modules that have arrows, and the modules that these lead to.
pub type Arrows = BTreeMap<String, BTreeSet<String>>;

/// Files of src with their texts, by the paths of their modules: `plan::error`.
pub struct Modules(BTreeMap<String, String>);

impl Modules {
    /// Takes (path below src, text) of each file. Leaves out code that is compiled only for
    /// tests.
    pub fn of(files: &[(String, String)]) -> Modules {
        let module = |path: &str| {
            let path = path.strip_suffix(".rs").unwrap();
            path.strip_suffix("/mod").unwrap_or(path).replace('/', "::")
        };
        let mut modules: BTreeMap<String, String> = files
            .iter()
            .filter(|(path, _)| path != "lib.rs")
            .map(|(path, text)| (module(path), without_comments(text)))
            .collect();
        let for_tests: Vec<String> = modules
            .iter()
            .flat_map(|(name, text)| test_modules(text).map(move |child| join(name, child)))
            .collect();
        modules.retain(|name, _| for_tests.iter().all(|tests| !is_in(name, tests)));
        for text in modules.values_mut() {
            if let Some(at) = text.find("#[cfg(test)]\nmod tests {") {
                text.truncate(at);
            }
        }
        Modules(modules)
    }

    /// Returns each module's arrows to modules that are not parts of it.
    pub fn arrows(&self) -> Arrows {
        let mut arrows = Arrows::new();
        for (name, text) in &self.0 {
            let named = paths(text);
            let named = named.iter().filter_map(|path| self.target(name, path, 0));
            let named = named.filter(|target| !is_in(target, name));
            arrows.insert(name.clone(), named.collect());
        }
        arrows
    }

    /// Returns the module that defines what `path` means in the module `from`.
    fn target(&self, from: &str, path: &str, depth: usize) -> Option<String> {
        let mut words: Vec<&str> = path.split("::").collect();
        let mut base: Vec<&str> = from.split("::").collect();
        match words[0] {
            "crate" => base.clear(),
            "self" => {}
            "super" => {
                let up = words.iter().take_while(|word| **word == "super").count();
                base.truncate(base.len().checked_sub(up)?);
                words.drain(1..up);
            }
            first if self.0.contains_key(&join(from, first)) => words.insert(0, "self"),
            _ => return None,
        }
        words.remove(0);
        let mut rest = words.as_slice();
        while let [word, after @ ..] = rest {
            let deeper = join(&base.join("::"), word);
            if !self.0.contains_key(&deeper) {
                break;
            }
            base.push(word);
            rest = after;
        }
        let found = base.join("::");
        let text = self.0.get(&found)?;
        // A re-exported item belongs to the module that defines it.
        let handed_on = rest.first().and_then(|name| {
            let uses = uses(text).into_iter().filter(|(public, _)| *public);
            let mut paths = uses.map(|(_, path)| path);
            paths.find(|path| path.rsplit("::").next() == Some(name))
        });
        match handed_on {
            Some(path) if depth < 8 => self.target(&found, &path, depth + 1),
            _ => Some(found),
        }
    }
}

/// Returns whether a module is `outer` or beneath it.
pub fn is_in(module: &str, outer: &str) -> bool {
    let rest = module.strip_prefix(outer);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn join(module: &str, child: &str) -> String {
    if module.is_empty() {
        return child.into();
    }
    format!("{module}::{child}")
}

fn without_comments(text: &str) -> String {
    let lines = text.lines().map(|line| line.split("//").next().unwrap());
    lines.map(|line| [line, "\n"].concat()).collect()
}

/// Returns the modules that a file declares only for tests.
fn test_modules(text: &str) -> impl Iterator<Item = &str> {
    let lines: Vec<&str> = text.lines().collect();
    let pairs: Vec<(&str, &str)> = lines.windows(2).map(|pair| (pair[0], pair[1])).collect();
    pairs.into_iter().filter_map(|(first, second)| {
        let declared = second.strip_suffix(';')?.rsplit_once("mod ")?.1;
        (first == "#[cfg(test)]").then_some(declared)
    })
}

/// Returns the paths of all `use` statements, each with whether it is public.
fn uses(text: &str) -> Vec<(bool, String)> {
    let mut found = Vec::new();
    let mut statement: Option<(bool, String)> = None;
    for line in text.lines() {
        let (before, after) = line.split_once("use ").unwrap_or((line, ""));
        let before = before.trim();
        let is_public = before == "pub" || (before.starts_with("pub(") && before.ends_with(')'));
        let starts = !after.is_empty() && (before.is_empty() || is_public);
        match &mut statement {
            None if starts => statement = Some((!before.is_empty(), after.into())),
            None => continue,
            Some((_, tree)) => tree.push_str(line.trim()),
        }
        if let Some((public, tree)) = statement.take_if(|(_, tree)| tree.ends_with(';')) {
            let tree = tree.trim_end_matches(';');
            found.extend(branches(tree).into_iter().map(|path| (public, path)));
        }
    }
    found
}

/// Splits `a::{b, c::{self, d}}` into `a::b`, `a::c`, `a::c::d`.
fn branches(tree: &str) -> Vec<String> {
    let Some((stem, rest)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap().trim();
        return vec![path.trim_end_matches("::self").into()];
    };
    let (inner, _) = rest.rsplit_once('}').unwrap();
    let (mut depth, mut start) = (0, 0);
    let mut parts = Vec::new();
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            b',' if depth == 0 => {
                parts.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    let parts = parts.into_iter().map(str::trim);
    let parts = parts.filter(|part| !part.is_empty());
    let paths = parts.flat_map(|part| branches(&[stem.trim(), part].concat()));
    paths.collect()
}

/// Returns all paths in the code: after `use`, and from `crate`, `self` or `super`.
fn paths(text: &str) -> Vec<String> {
    let mut found: Vec<String> = uses(text).into_iter().map(|(_, path)| path).collect();
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    for word in text.split(|c| !is_part(c)) {
        let root = word.split("::").next().unwrap();
        if ["crate", "self", "super", "kexec_bpf"].contains(&root) && word.contains("::") {
            found.push(word.trim_end_matches(':').into());
        }
    }
    found
}

/// Returns all modules that arrows lead to from `name`.
fn reached<'a>(arrows: &'a Arrows, name: &'a str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut left = vec![name];
    while let Some(name) = left.pop() {
        let to = arrows.get(name).into_iter().flatten().map(String::as_str);
        left.extend(to.filter(|to| reached.insert(*to)));
    }
    reached
}

/// Returns the arrows that are part of a circle.
pub fn circles(arrows: &Arrows) -> Arrows {
    let mut circles = arrows.clone();
    for (name, to) in &mut circles {
        to.retain(|to| reached(arrows, to).contains(name.as_str()));
    }
    circles.retain(|_, to| !to.is_empty());
    circles
}

fn modules(files: &[(&str, &str)]) -> Modules {
    let owned = |(path, text): &(&str, &str)| (path.to_string(), text.to_string());
    Modules::of(&files.iter().map(owned).collect::<Vec<_>>())
}

#[test]
fn arrows_are_seen_however_they_are_written() {
    let files = [
        ("a/mod.rs", "mod b;\npub use b::Thing;\nuse b::other;\n"),
        (
            "a/b.rs",
            "use crate::{c::{self, d::E}, f};\n// crate::g\nfn b() { super::super::h::i() }",
        ),
        ("c/mod.rs", ""),
        ("c/d.rs", "use crate::a::Thing;"),
        (
            "f.rs",
            "fn f() { crate::a::none() }\n#[cfg(test)]\nmod tests {\n use crate::g; }",
        ),
        ("g.rs", "#[cfg(test)]\nmod tests;\n"),
        ("g/tests.rs", "use crate::h;"),
        ("h.rs", ""),
    ];
    let arrows = modules(&files).arrows();
    let to = |name: &str| Vec::from_iter(arrows[name].iter().map(String::as_str));
    assert_eq!(to("a"), [""; 0]);
    assert_eq!(to("a::b"), ["c", "c::d", "f", "h"]);
    // Thing is defined by b, though a re-exports it.
    assert_eq!(to("c::d"), ["a::b"]);
    assert_eq!(to("f"), ["a"]);
    assert_eq!(to("g"), [""; 0]);
    assert!(!arrows.contains_key("g::tests"));
    let circle = circles(&arrows);
    assert_eq!(Vec::from_iter(circle.keys()), ["a::b", "c::d"]);
}
