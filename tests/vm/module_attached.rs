// SPDX-License-Identifier: GPL-2.0-or-later
//! Programs that are attached to the parser hook beside the load's own: tracers do
//! no harm, and a parser of another load is reported.

use crate::module_late::{SETTLE, expect_settled};
use guest::Transcript;
use guest::handshake::{NOTHING, initramfs, machine, tiny_uki};

const FOREIGN: &str = "a parser of another load is still attached to kexec_pe_parser_hook";

#[track_caller]
fn expect_loaded(said: &Transcript, name: &str) {
    said.expect(&format!("{name}-code"), "0");
    said.expect(&format!("{name}-loaded"), "1");
}

/// Each kind of tracer sees the hook run, and does not change the load.
#[test]
fn tracers_do_no_harm() {
    let directory = guest::work_dir("module-tracers");
    let script = format!(
        "{SETTLE}
load() {{
    attempt $1 kexec-bpf load /a.efi --route handshake
    say $1-loaded $(cat /sys/kernel/kexec_loaded)
    kexec-bpf unload
}}
cd /sys/kernel/tracing
echo kexec_pe_parser_hook >set_ftrace_filter
echo function >current_tracer
load function
say function-seen $(grep -c kexec_pe_parser_hook trace)
echo nop >current_tracer
echo >set_ftrace_filter
echo 'p:seen kexec_pe_parser_hook' >kprobe_events
echo 1 >events/kprobes/seen/enable
load kprobe
say kprobe-seen $(grep -c 'seen: (kexec_pe_parser_hook' trace)
echo 0 >events/kprobes/seen/enable
echo >kprobe_events
cd /
left tracers
attempt bystander client attached 'kexec-bpf load /a.efi --route handshake'
say bystander-loaded $(cat /sys/kernel/kexec_loaded)
kexec-bpf unload
left bystander
load last
left last
settle
"
    );
    let guest = initramfs(&script).file("a.efi", &tiny_uki(None).bytes());
    let said = machine(&directory, guest).run();
    for name in ["function", "kprobe", "bystander", "last"] {
        expect_loaded(&said, name);
    }
    for name in ["function", "kprobe"] {
        assert_ne!(said.one(&format!("{name}-seen")), "0", "{name} traces");
    }
    for name in ["tracers", "bystander", "last"] {
        said.expect(&format!("{name}-left"), NOTHING);
    }
    expect_settled(&said);
}

/// A parser stays attached after its process has ended if its link is pinned. It would
/// act on the next load, whoever makes it, if that has no cookie.
#[test]
fn parser_of_another_load() {
    let directory = guest::work_dir("module-foreign-parser");
    let script = format!(
        "{SETTLE}
mkdir -p /bpf
mount -t bpf none /bpf
attempt first client load 60000 ready,read,kfunc,pin:/bpf/kept,signal /a.efi
attempt second kexec-bpf load /a.efi --route handshake
say second-loaded $(cat /sys/kernel/kexec_loaded)
kexec-bpf unload
attempt own client load 60000 ready,read,slice:512:4096,signal /a.efi
rm /bpf/kept
left removed
attempt third kexec-bpf load /a.efi --route handshake
say third-loaded $(cat /sys/kernel/kexec_loaded)
kexec-bpf unload
left third
settle
"
    );
    let guest = initramfs(&script).file("a.efi", &tiny_uki(None).bytes());
    let said = machine(&directory, guest).run();
    assert!(said.all("first").contains(&"pin 0"), "the link is pinned");
    // The program's sessions have a cookie, by which the module tells parsers apart.
    expect_loaded(&said, "second");
    assert!(said.all("own").contains(&"load -16"), "the client is told");
    let told = said.all("own").iter().any(|line| line.contains(FOREIGN));
    assert!(told, "the report says why");
    said.expect("removed-left", NOTHING);
    expect_loaded(&said, "third");
    said.expect("third-left", NOTHING);
    expect_settled(&said);
}
