// SPDX-License-Identifier: GPL-2.0-or-later
//! Images that must be refused: each with exit code 3 and a message that no other
//! has, with nothing loaded and nothing left behind.

use std::collections::BTreeMap;

use crate::report;
use guest::uki::{self, Section, Uki};
use guest::{Initramfs, Kernel, Machine, Payload, Transcript, second_initrd};

crate::on_each_kernel!(; more: bad_images_are_refused, shrinking_image);

/// `try NAME` loads /bad and says everything that can be seen from outside.
const TRY: &str = r#"
state() { echo "loaded=$(cat /sys/kernel/kexec_loaded) files=$(find / -xdev | wc -l)" \
    "used=$(df -k / | tail -n 1 | awk '{print $3}')"; }
try() {
    before=$(state)
    timeout 30 kexec-bpf load /bad >/out 2>/err
    code=$?
    while IFS= read -r line; do say err "$1 $line"; done </err
    while IFS= read -r line; do say out "$1 $line"; done </out
    rm /out /err
    after=$(state)
    say code "$1 $code"
    [ "$before" = "$after" ] || say left "$1 before: $before after: $after"
    rm -rf /bad
}
state >/dev/null
shmem() { awk '/^Shmem:/ {print $2}' /proc/meminfo; }
"#;

/// One bad image: a name, and commands that make /bad from the good /a.efi.
struct Case {
    name: String,
    make: String,
}

fn case(name: &str, make: impl Into<String>) -> Case {
    Case {
        name: name.to_owned(),
        make: make.into(),
    }
}

/// Makes a copy of the good image with other bytes at some offsets.
fn patched(name: &str, patches: &[(u64, &[u8])]) -> Case {
    let mut make = String::from("cp /a.efi /bad");
    for (offset, bytes) in patches {
        let escaped: String = bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect();
        make += &format!(
            "; printf '{escaped}' | dd of=/bad bs=1 seek={offset} conv=notrunc 2>/dev/null"
        );
    }
    case(name, make)
}

fn find<'a>(sections: &'a [Section], name: &str) -> &'a Section {
    let found = sections.iter().find(|section| section.name == name);
    found.unwrap_or_else(|| panic!("the UKI has no {name} section"))
}

fn cases(image: &[u8]) -> Vec<Case> {
    let sections = uki::sections(image);
    let pe = u64::from(uki::u32_at(image, 0x3c));
    let linux = find(&sections, ".linux");
    let initrd = find(&sections, ".initrd");
    // Offsets in a section's entry: virtual size, raw size, raw offset.
    let (size, raw_size, raw_offset) = (8, 16, 20);
    let huge = 0x7fff_fff0_u32.to_le_bytes();
    let mut cases = vec![
        case("empty", ": >/bad"),
        case("ten-bytes", "head -c 10 /a.efi >/bad"),
        case("text", "echo this is no image, only a line of text >/bad"),
        patched("e_lfanew-past-end", &[(0x3c, &huge)]),
        patched("e_lfanew-max", &[(0x3c, &[0xff; 4])]),
        patched("65535-sections", &[(pe + 6, &[0xff; 2])]),
        patched(
            "raw-pointer-past-end",
            &[(linux.entry_offset + raw_offset, &huge)],
        ),
        patched(
            "raw-size-past-end",
            &[
                (linux.entry_offset + size, &huge),
                (linux.entry_offset + raw_size, &huge),
            ],
        ),
        patched(
            "overlapping-sections",
            &[(
                initrd.entry_offset + raw_offset,
                &linux.raw_offset.to_le_bytes(),
            )],
        ),
        patched(
            "no-linux",
            &["linux", "cmdline", "initrd"].map(|name| {
                (
                    find(&sections, &format!(".{name}")).entry_offset,
                    b".x".as_slice(),
                )
            }),
        ),
        patched(
            "linux-is-no-kernel",
            &[(u64::from(linux.raw_offset) + 0x202, b"\0\0\0\0")],
        ),
        case("addon", "cp /addon.efi /bad"),
        case("directory", "mkdir /bad"),
        case("fifo", "mkfifo /bad"),
        case("missing", ":"),
        case("sparse-5-gb", "truncate -s 5G /bad"),
        case("sparse-5-gb-mz", "printf 'MZ' >/bad; truncate -s 5G /bad"),
    ];
    let mut cuts: Vec<(u64, String)> = sections
        .iter()
        .flat_map(|section| {
            let start = u64::from(section.raw_offset);
            let end = start + u64::from(section.raw_bytes);
            [
                (start, format!("cut-at-start-of-{}", section.name)),
                (end, format!("cut-at-end-of-{}", section.name)),
            ]
        })
        .filter(|(at, _)| *at > 0 && *at < image.len() as u64)
        .collect();
    cuts.sort();
    cuts.dedup_by_key(|(at, _)| *at);
    for (at, name) in cuts {
        cases.push(case(&name, format!("head -c {at} /a.efi >/bad")));
    }
    cases
}

fn bad_images_are_refused(kernel: Kernel) {
    let directory = guest::work_dir(&format!("input-{}", kernel.name()));
    let payload = Payload::new("initrd", 1_001);
    let initrd = directory.join("second.cpio");
    std::fs::write(&initrd, second_initrd(&[&payload])).expect("write the initrd");
    let image = Uki::new(&directory, "a", "console=ttyS0")
        .linux(&kernel.image())
        .initrd(&initrd)
        .build();
    let addon = Uki::addon(&directory, "b", "more").build();
    let bytes = std::fs::read(&image).expect("read the UKI");
    let cases = cases(&bytes);
    let mut script = TRY.to_owned();
    // The first load allocates memory that the later ones reuse.
    script += "echo warm >/bad; timeout 30 kexec-bpf load /bad 2>/dev/null; rm /bad\n";
    script += "say shmem-before \"$(shmem)\"\n";
    for case in &cases {
        script += &format!("{}; try {}\n", case.make, case.name);
    }
    script += "say shmem-after \"$(shmem)\"\n";
    // The refused images have broken nothing: a good image still loads.
    script += "kexec-bpf load /a.efi 2>&1; say good $? $(cat /sys/kernel/kexec_loaded)\n";
    let initramfs = Initramfs::new(&script)
        .file_from("a.efi", &image)
        .file_from("addon.efi", &addon);
    let said = Machine::new(&directory, kernel, initramfs.finish())
        .timeout_s(240)
        .run();
    said.expect("good", "0 1");
    check_refusals(&said, &cases);
    let leaked = kilobytes(&said, "shmem-after") - kilobytes(&said, "shmem-before");
    if leaked > 1024 {
        said.fail(&format!("{leaked} kB of memfds or files were left"));
    }
}

fn kilobytes(said: &Transcript, key: &str) -> i64 {
    said.one(key).parse().expect("Shmem is a number")
}

fn check_refusals(said: &Transcript, cases: &[Case]) {
    let mut problems = Vec::new();
    for line in said.all("left") {
        problems.push(format!("left behind: {line}"));
    }
    for line in said.all("out") {
        problems.push(format!("on stdout: {line}"));
    }
    let mut messages: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in said.all("err") {
        let (name, text) = line.split_once(' ').unwrap_or((line, ""));
        messages.entry(name).or_default().push(text);
    }
    let codes: BTreeMap<&str, &str> = said
        .all("code")
        .iter()
        .filter_map(|line| line.split_once(' '))
        .collect();
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for case in cases {
        let name = case.name.as_str();
        let code = codes.get(name).copied().unwrap_or("none");
        if code != "3" {
            problems.push(format!("{name}: exit code {code}, not 3"));
        }
        let lines = messages.get(name).cloned().unwrap_or_default();
        if let Some(problem) = report::problem(&lines) {
            problems.push(format!("{name}: {problem}: {lines:?}"));
        }
        if !lines.first().is_some_and(|line| line.contains("/bad")) {
            problems.push(format!("{name}: the image is not named: {lines:?}"));
        }
        // All cuts are one fault, wherever they are, and may share a message.
        let own = !name.starts_with("cut-");
        if let Some(other) = seen.insert(lines.concat(), name).filter(|_| own) {
            problems.push(format!("{name} and {other} have the same message"));
        }
    }
    if !problems.is_empty() {
        said.fail(&problems.join("\n"));
    }
}

/// Expects neither a crash nor a leak when a file is truncated while it is loaded.
fn shrinking_image(kernel: Kernel) {
    let directory = guest::work_dir(&format!("shrinking-{}", kernel.name()));
    let payload = Payload::new("initrd", 20 << 20);
    let initrd = directory.join("second.cpio");
    std::fs::write(&initrd, second_initrd(&[&payload])).expect("write the initrd");
    let image = Uki::new(&directory, "a", "console=ttyS0")
        .linux(&kernel.image())
        .initrd(&initrd)
        .build();
    let script = r#"
size=$(wc -c </a.efi)
round() {
    cp /a.efi /bad
    (usleep "$1"; truncate -s "$2" /bad) &
    kexec-bpf load /bad >/out 2>&1
    code=$?
    wait
    say code $code
    say loaded "$code $(cat /sys/kernel/kexec_loaded)"
    while read -r line; do say text "$code $line"; done </out
    kexec-bpf unload
    rm /bad /out
}
shmem() { awk '/^Shmem:/ {print $2}' /proc/meminfo; }
round 0 0
say shmem-before "$(shmem)"
for delay in 0 2000 5000 10000 20000 30000 50000 70000 100000 150000; do
    for left in 0 100 4096 1000000 20000000; do round $delay $left; done
done
say shmem-after "$(shmem)"
"#;
    let initramfs = Initramfs::new(script).file_from("a.efi", &image);
    let said = Machine::new(&directory, kernel, initramfs.finish())
        .cpus(2)
        .memory_mb(768)
        .timeout_s(300)
        .run();
    for line in said.all("loaded") {
        // A failed load leaves nothing; one that wins the race is complete.
        if !["0 1", "3 0"].contains(&line) {
            said.fail(&format!("exit code and kexec_loaded are {line}"));
        }
    }
    let told = said.all("text");
    let of_change = "the file changed while it was being loaded";
    if !told.iter().any(|line| line.contains(of_change)) {
        said.fail("no load reports that its file changed");
    }
    let leaked = kilobytes(&said, "shmem-after") - kilobytes(&said, "shmem-before");
    if leaked > 1024 {
        said.fail(&format!("{leaked} kB of memfds or files were left"));
    }
}
