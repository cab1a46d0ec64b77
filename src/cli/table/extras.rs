// SPDX-License-Identifier: GPL-2.0-or-later
//! The flags about what goes with a UKI.

use super::{Flag, Id, Value, switch};

pub static ADDON: Flag = Flag {
    value: Value::File,
    repeatable: true,
    ..switch(
        Id::Addon,
        "addon",
        "add a PE addon, or a file for /.extra; may be repeated",
        "Extends a UKI. FILE is a PE addon, whose command line, initrd and microcode are added, \
or a companion file that the next system finds below /.extra as systemd-stub would put it: \
NAME.cred in credentials, NAME.raw in sysext, NAME.confext.raw in confext. May be repeated. On \
the handshake route the kernel verifies the signature of a PE addon.",
    )
};

pub static NO_EXTRAS: Flag = switch(
    Id::NoExtras,
    "no-extras",
    "do not look for companion files",
    "Does not look for addons, credentials and system extensions that go with a UKI; see COMPANION \
FILES. Those of --addon are used.",
);

pub static EXTRAS_ROOT: Flag = Flag {
    value: Value::Text("DIR"),
    ..switch(
        Id::ExtrasRoot,
        "extras-root",
        "look for /loader below DIR",
        "Looks for the folders addons, credentials and extensions in DIR/loader, instead of at the \
root of the file system that holds the image.",
    )
};

pub static STRICT: Flag = switch(
    Id::Strict,
    "strict",
    "fail where a companion file cannot be used",
    "Fails when a companion file that was found cannot be used: it cannot be read, it is an addon \
for another machine or kernel, or the kernel refuses its signature. Without it, such a file is \
named on standard error and left out, as systemd-stub does it.",
);

pub static PROFILE: Flag = Flag {
    value: Value::Text("ID|N"),
    ..switch(
        Id::Profile,
        "profile",
        "choose a profile of the UKI; default 0",
        "Chooses the UKI's profile by its ID or by its number, from 0; inspect lists them. The \
default is 0, the first.",
    )
};
