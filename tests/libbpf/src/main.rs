// SPDX-License-Identifier: GPL-2.0-or-later
//! Loads each object file by this project's loader and by libbpf, and compares what the
//! kernel then has. tests/vm/libbpf.rs runs it in a guest and judges what it prints:
//!
//!   libbpf-oracle [--fault word|offset|core] IMAGE OBJECT...
//!
//! IMAGE is loaded, and waits for its parser meanwhile. For each object there are a line
//! `verdict NAME WHO`, WHO being who accepts it: both, none, ours or libbpf; a line
//! `reason NAME TEXT` for each refusal; and a line `difference NAME KIND WHERE` for each
//! difference.

mod compare;
mod fault;
mod function;
mod kernel;
mod ours;
mod session;
mod theirs;

use std::path::Path;

use fault::Fault;
use session::Session;

fn object(path: &str, image: &str, fault: Option<Fault>) {
    let file = std::fs::read(path).expect("read the object file");
    let stem = Path::new(path).file_name().and_then(|name| name.to_str());
    let name = stem.and_then(|stem| stem.split('.').next());
    let name = name.expect("the path has a name");
    let mut changed = file.clone();
    if let Some(fault) = fault {
        assert!(fault.in_file(&mut changed), "{name} has no such place");
    }
    let session = Session::open(image);
    let mut ours = ours::load(&changed);
    let theirs = theirs::load(name, &file);
    session.end();
    if let (Some(fault), Ok(ours)) = (fault, &mut ours) {
        fault.in_result(ours);
    }
    let who = match (&ours, &theirs) {
        (Ok(_), Ok(_)) => "both",
        (Ok(_), Err(_)) => "ours",
        (Err(_), Ok(_)) => "libbpf",
        (Err(_), Err(_)) => "none",
    };
    println!("verdict {name} {who}");
    for (loader, result) in [("ours", &ours), ("libbpf", &theirs)] {
        if let Err(reason) = result {
            println!("reason {name} {loader}: {reason}");
        }
    }
    if let (Ok(ours), Ok(theirs)) = (&ours, &theirs) {
        for found in compare::compare(ours, theirs) {
            println!("difference {name} {} {}", found.kind, found.what);
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut rest: &[String] = &arguments;
    let mut fault = None;
    if let [flag, name, following @ ..] = rest
        && flag == "--fault"
    {
        fault = Some(Fault::named(name).expect("a fault is named word, offset or core"));
        rest = following;
    }
    let [image, objects @ ..] = rest else {
        panic!("usage: libbpf-oracle [--fault FAULT] IMAGE OBJECT...");
    };
    for path in objects {
        object(path, image, fault);
    }
}
