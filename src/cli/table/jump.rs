// SPDX-License-Identifier: GPL-2.0-or-later
//! The part of the table about the jump. Layer: effects.

use super::{Command, CommandId, DRY_RUN, Flag, HELP, Id, JSON, Operand, VERBOSE, switch};

pub static FORCE_JUMP: Flag = switch(
    Id::ForceJump,
    "force",
    "jump even out of a system with running services",
);

pub static NO_SYNC: Flag = switch(Id::NoSync, "no-sync", "do not sync file systems first");

pub const EXEC: Command = Command {
    id: CommandId::Exec,
    name: "exec",
    operand: Operand::None,
    summary: "jump into the loaded image",
    detail: "Syncs all file systems, runs the programs in /etc/kexec-bpf/pre-exec.d, syncs \
again, and jumps into the loaded image. It neither stops programs nor unmounts file systems; on a \
running systemd system, use systemctl kexec, which does both. There, and where another init may be \
running services, exec does nothing and exits with 5, unless --force is given.",
    flags: &[&FORCE_JUMP, &NO_SYNC, &DRY_RUN, &JSON, &VERBOSE, &HELP],
    examples: &[
        ("kexec-bpf exec", "boot what was loaded"),
        ("kexec-bpf exec -n", "show what exec would do"),
    ],
};
