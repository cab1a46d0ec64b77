// SPDX-License-Identifier: GPL-2.0-or-later
//! The flags about files that extend a UKI. Layer: effects.

use super::value::Value;
use super::{Flag, Id, switch};

pub static ADDON: Flag = Flag {
    value: Value::File,
    repeatable: true,
    ..switch(
        Id::Addon,
        "addon",
        "add a PE addon or a companion file; may be repeated",
    )
};

pub static NO_EXTRAS: Flag = switch(Id::NoExtras, "no-extras", "do not look for companion files");

pub static EXTRAS_ROOT: Flag = Flag {
    value: Value::Directory,
    ..switch(
        Id::ExtrasRoot,
        "extras-root",
        "look for companion files in DIR/loader",
    )
};

pub static STRICT: Flag = switch(
    Id::Strict,
    "strict",
    "fail if a companion file cannot be used",
);

pub static PROFILE: Flag = Flag {
    value: Value::Bytes("ID|N"),
    ..switch(
        Id::Profile,
        "profile",
        "choose a profile of the UKI; default 0",
    )
};

pub static ALLOW_UNSIGNED_INITRD: Flag = switch(
    Id::AllowUnsignedInitrd,
    "allow-unsigned-initrd",
    "let --route extract load on a locked-down kernel",
);
