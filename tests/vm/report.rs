// SPDX-License-Identifier: GPL-2.0-or-later
//! The form of an error: what failed, the cause, what the signatures say, what the kernel
//! logged, what to try. In a pipe each of them is one line.

/// Returns what is wrong with the form of these lines.
pub fn problem(lines: &[&str]) -> Option<String> {
    let heads: Vec<&str> = lines
        .iter()
        .map(|line| line.split(':').next().unwrap_or(line))
        .collect();
    let order = [
        "kexec-bpf",
        "possible cause",
        "cause",
        "signed",
        "kernel",
        "try",
    ];
    let ranks: Option<Vec<usize>> = heads
        .iter()
        .map(|head| order.iter().position(|word| word == head))
        .collect();
    let in_order = ranks.is_some_and(|ranks| ranks.is_sorted());
    let quoted = |head: &&&str| matches!(**head, "signed" | "kernel");
    let counted = heads.iter().filter(|head| !quoted(head)).count();
    if !in_order || heads.first() != Some(&"kexec-bpf") || counted > 3 {
        return Some(format!("not a message, a cause and a hint: {heads:?}"));
    }
    None
}
