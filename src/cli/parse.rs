// SPDX-License-Identifier: GPL-2.0-or-later
//! Turns argv into a command, flags and operands, checked against the table.
//! Layer: effects.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use getargs::{Arg, Options};

use super::table::value::{Given, Value};
use super::table::{
    COMMANDS, Command, CommandId, EXCLUSIVE, Flag, GLOBAL_FLAGS, Id, NEEDS, Operand,
};
use crate::diagnosis::escape::printable;
use crate::diagnosis::{Diagnosis, Hint};
use crate::formats::entries::loader_conf::MenuTime;
use crate::policy::plan::split_profile;

/// A command line that conforms to the table.
#[derive(Debug, Default)]
pub struct Parsed<'arg> {
    /// The command; `None` if only the program's own flags were given.
    pub command: Option<&'static Command>,
    flags: Vec<(Id, Given<'arg>)>,
    pub operand: Option<&'arg [u8]>,
    /// True if the word of [`Operand::WordImage`] was given.
    has_word: bool,
}

impl<'arg> Parsed<'arg> {
    /// Returns whether the flag was given.
    #[must_use]
    pub fn has(&self, id: Id) -> bool {
        self.flags.iter().any(|(given, _)| *given == id)
    }

    /// Returns whether this command was given.
    #[must_use]
    pub fn is(&self, id: CommandId) -> bool {
        self.command.is_some_and(|command| command.id == id)
    }

    /// Returns all values of a flag, in order.
    fn given(&self, id: Id) -> impl DoubleEndedIterator<Item = Given<'arg>> {
        let flags = self.flags.iter();
        let same = flags.filter(move |(given, _)| *given == id);
        same.map(|(_, value)| *value)
    }

    /// Returns the value that counts, which is the last one.
    fn last(&self, id: Id) -> Option<Given<'arg>> {
        self.given(id).next_back()
    }

    /// Returns the values of a repeatable flag that takes paths or bytes, in order.
    pub fn values(&self, id: Id) -> impl Iterator<Item = &'arg [u8]> {
        self.given(id).filter_map(|given| match given {
            Given::Bytes(value) => Some(value),
            _ => None,
        })
    }

    /// Returns the value of a flag that takes a path, bytes or one of several words.
    #[must_use]
    pub fn value(&self, id: Id) -> Option<&'arg [u8]> {
        match self.last(id) {
            Some(Given::Bytes(value)) => Some(value),
            _ => None,
        }
    }

    /// Returns the values of a repeatable flag that takes UTF-8, in order.
    pub fn texts(&self, id: Id) -> impl Iterator<Item = &'arg str> {
        self.given(id).filter_map(|given| match given {
            Given::Text(text) => Some(text),
            _ => None,
        })
    }

    /// Returns the value of a flag that takes seconds.
    #[must_use]
    pub fn seconds(&self, id: Id) -> Option<u32> {
        match self.last(id) {
            Some(Given::Seconds(seconds)) => Some(seconds),
            _ => None,
        }
    }

    /// Returns the value of a flag that takes the time of a menu.
    #[must_use]
    pub fn menu_time(&self, id: Id) -> Option<MenuTime> {
        match self.last(id) {
            Some(Given::MenuTime(time)) => Some(time),
            _ => None,
        }
    }
}

fn show(argument: &[u8]) -> String {
    printable(argument)
}

/// Returns a usage error with a hint to the command's help.
fn usage(command: Option<&Command>, what: &str) -> Diagnosis {
    Diagnosis::usage(&what).with_hints(&[help(command)])
}

fn help(command: Option<&Command>) -> Hint {
    Hint::Help(command.map_or("", |command| command.name))
}

fn find_flag(flags: &[&'static Flag], argument: &Arg<&[u8]>) -> Option<&'static Flag> {
    flags.iter().copied().find(|flag| match argument {
        Arg::Long(name) => flag.long.as_bytes() == *name,
        Arg::Short(letter) => flag.short == Some(char::from(*letter)),
        Arg::Positional(_) => false,
    })
}

/// Options of kexec(8) and what to use in their place: one text, because a table of texts is
/// larger.
const KEXEC_TOOLS: &str = "\
l,load kexec-bpf load IMAGE
e,exec kexec-bpf exec
u,unload kexec-bpf unload; with -p, kexec-bpf unload --panic
p,load-panic kexec-bpf load --panic IMAGE; with -u, kexec-bpf unload --panic
S,status kexec-bpf status --crash-loaded, which exits with 0 if one is loaded
a,c,s,kexec-syscall-auto,kexec-syscall,kexec-file-syscall \
leave it out, because kexec_file_load(2) is always used
t,type leave it out, because the image shows it
d,debug --verbose
f,force kexec-bpf load IMAGE; kexec-bpf exec --force
ramdisk --initrd FILE
initrd,append,command-line,reuse-cmdline kexec-bpf load IMAGE with it
i,no-checks --fast
y,no-sync kexec-bpf exec --no-sync
print-ckr-size kexec-bpf status
x,no-ifdown,hotplug,no-cma,noefi,elf32-core-headers,elf64-core-headers,args-linux,reset-vga,\
console-serial,console-vga,serial,serial-baud \
leave it out, because it has no meaning here
entry,entry-32bit,real-mode,mem-min,mem-max,reuseinitrd,reuse-video-type,load-preserve-context,\
load-jump-back-helper,load-live-update,exec-live-update,module,dtb,force-dtb,args-elf,args-none,\
pass-memmap-cmdline \
kexec -c, because kexec_file_load(2) has nothing like it";

/// The bit in which a capital letter differs from a small one.
const CASE: u8 = 0x20;

/// Returns the error about an option that the command does not have, with what was
/// probably meant.
#[inline(never)]
fn unknown(command: Option<&Command>, flags: &[&'static Flag], argument: &Arg<&[u8]>) -> Diagnosis {
    let shown = show_option(argument);
    let name = shown.trim_start_matches('-');
    let near = flags.iter().find(|flag| match argument {
        Arg::Short(letter) => flag.short == Some(char::from(letter ^ CASE)),
        _ => {
            let is_cut_short = name.len() > 1 && flag.long.starts_with(name);
            is_cut_short || differ_by_one(flag.long.as_bytes(), name.as_bytes())
        }
    });
    let mut tools = KEXEC_TOOLS.lines().filter_map(|line| line.split_once(' '));
    let meant = match near {
        Some(flag) => Hint::Flag(flag.long),
        None => match tools.find(|(names, _)| names.split(',').any(|one| one == name)) {
            Some((_, instead)) => Hint::Text(instead),
            None => help(command),
        },
    };
    let what = ["unknown option ", &shown].concat();
    let found = Diagnosis::usage(&what);
    match meant {
        Hint::Help(_) => found.with_hints(&[meant]),
        _ => found.with_hints(&[meant, help(command)]),
    }
}

fn unknown_command(word: &[u8]) -> Diagnosis {
    let found = Diagnosis::usage(&format!("unknown command {}", show(word)));
    let mut names = COMMANDS.iter().map(|command| command.name);
    match names.find(|name| differ_by_one(name.as_bytes(), word)) {
        Some(near) => found.with_hints(&[Hint::Text(near), help(None)]),
        None => found.with_hints(&[help(None)]),
    }
}

/// Returns whether the words differ in one character: another, a missing or a further one.
fn differ_by_one(one: &[u8], other: &[u8]) -> bool {
    let mut same = 0_usize;
    while one.get(same).is_some() && one.get(same) == other.get(same) {
        same = same.saturating_add(1);
    }
    let next = same.saturating_add(1);
    let (one, one_next) = (one.get(same..), one.get(next..));
    let (other, other_next) = (other.get(same..), other.get(next..));
    let is_shorter = other_next.is_some() && one == other_next;
    is_shorter || (one_next.is_some() && (one_next == other || one_next == other_next))
}

/// Parses the arguments after the program's name. Flags and operands may be
/// mixed; `--` ends the flags.
///
/// # Errors
/// A [`Diagnosis`] whose hint names the help to read.
pub fn parse<'arg>(arguments: &[&'arg [u8]]) -> Result<Parsed<'arg>, Diagnosis> {
    let mut options = Options::new(arguments.iter().copied());
    let mut parsed = Parsed {
        command: None,
        flags: Vec::new(),
        operand: None,
        has_word: false,
    };
    loop {
        let command = parsed.command;
        let argument = options
            .next_arg()
            .map_err(|error| usage(command, &show_error(&error)))?;
        let Some(argument) = argument else { break };
        if let Arg::Positional(word) = argument {
            take_positional(&mut parsed, word)?;
            continue;
        }
        let flags = command.map_or(GLOBAL_FLAGS, |command| command.flags);
        let Some(flag) = find_flag(flags, &argument) else {
            return Err(unknown(command, flags, &argument));
        };
        let value = match flag.value {
            Value::Nothing => None,
            Value::Optional(_) => options.value_opt(),
            kind => match options.value() {
                Ok(value) => Some(value),
                // A menu without a time waits for ever.
                Err(_) if kind == Value::MenuTime => Some(&b""[..]),
                Err(_) => {
                    let what = format!("--{} needs a value", flag.long);
                    return Err(usage(command, &what));
                }
            },
        };
        let given = match value {
            Some(value) => read(command, flag, value)?,
            None => Given::Nothing,
        };
        parsed.flags.push((flag.id, given));
    }
    if !parsed.has(Id::Help) && !parsed.has(Id::Version) {
        check_operand(&parsed)?;
        check_flags(&parsed)?;
    }
    Ok(parsed)
}

fn show_error(error: &getargs::Error<&[u8]>) -> String {
    match *error {
        getargs::Error::DoesNotRequireValue(option) => {
            format!("{} takes no value", show_option(&option.into()))
        }
        getargs::Error::RequiresValue(option) => {
            format!("{} needs a value", show_option(&option.into()))
        }
        _ => "the options cannot be parsed".into(),
    }
}

fn show_option(argument: &Arg<&[u8]>) -> String {
    match argument {
        Arg::Long(name) => format!("--{}", show(name)),
        Arg::Short(letter) => format!("-{}", show(&[*letter])),
        Arg::Positional(word) => show(word),
    }
}

fn take_positional<'arg>(parsed: &mut Parsed<'arg>, word: &'arg [u8]) -> Result<(), Diagnosis> {
    let Some(command) = parsed.command else {
        let found = Command::find(word);
        parsed.command = found;
        return match found {
            Some(_) => Ok(()),
            None => Err(unknown_command(word)),
        };
    };
    if let Operand::WordImage { word: wanted, .. } = command.operand
        && !parsed.has_word
    {
        parsed.has_word = word == wanted.as_bytes();
        return match parsed.has_word {
            true => Ok(()),
            false => Err(usage(
                Some(command),
                &format!(
                    "{}: expected the word {wanted}, not {}",
                    command.name,
                    show(word)
                ),
            )),
        };
    }
    if command.operand == Operand::None || parsed.operand.is_some() {
        let what = format!("{}: unexpected argument {}", command.name, show(word));
        return Err(usage(Some(command), &what));
    }
    if let Operand::Choice { words, .. } = command.operand {
        check_choice(Some(command), command.name, words, word)?;
    }
    parsed.operand = Some(word);
    Ok(())
}

/// Parses a flag's value according to its kind.
fn read<'arg>(
    command: Option<&Command>,
    flag: &Flag,
    value: &'arg [u8],
) -> Result<Given<'arg>, Diagnosis> {
    if let Value::Choice(words) | Value::Optional(words) = flag.value {
        check_choice(command, &format!("--{}", flag.long), words, value)?;
    }
    flag.value.read(value).map_err(|problem| {
        let shown = match value {
            // An empty value would be invisible.
            b"" => String::new(),
            _ => [" ", &show(value)].concat(),
        };
        usage(command, &format!("--{}{shown}: {problem}", flag.long))
    })
}

fn check_choice(
    command: Option<&Command>,
    name: &str,
    words: &[&str],
    value: &[u8],
) -> Result<(), Diagnosis> {
    if words.iter().any(|word| word.as_bytes() == value) {
        return Ok(());
    }
    let words = words.join(", ");
    let what = format!("{name} {}: must be one of {words}", show(value));
    Err(usage(command, &what))
}

fn check_operand(parsed: &Parsed<'_>) -> Result<(), Diagnosis> {
    if parsed.operand.is_some() {
        return Ok(());
    }
    let missing = match parsed.command.map(|command| command.operand) {
        None => return Err(usage(None, "no command given")),
        Some(Operand::Image | Operand::WordImage { .. }) => "no image given",
        Some(Operand::Choice { .. }) => "no hook given",
        Some(_) => return Ok(()),
    };
    let name = parsed.command.map_or("", |command| command.name);
    Err(usage(parsed.command, &format!("{name}: {missing}")))
}

/// Checks the flags against each other.
fn check_flags(parsed: &Parsed<'_>) -> Result<(), Diagnosis> {
    let both = |one: &str, other: &str| {
        let what = format!("{one} and {other} cannot be used together");
        let hints = [Hint::Text("give only one of them"), help(parsed.command)];
        Err(Diagnosis::usage(&what).with_hints(&hints))
    };
    for (one, other) in EXCLUSIVE {
        if parsed.has(one.id) && parsed.has(other.id) {
            let name = |flag: &Flag| ["--", flag.long].concat();
            return both(&name(one), &name(other));
        }
    }
    let words = parsed.value(Id::CommandLine).unwrap_or_default();
    if let (Some(profile), _) = split_profile(words)
        && parsed.has(Id::Profile)
    {
        let other = ["@", &show(profile), " of --command-line"].concat();
        return both("--profile", &other);
    }
    for (flag, needed) in NEEDS {
        if parsed.has(flag.id) && !parsed.has(needed.id) {
            let what = format!("--{} needs --{}", flag.long, needed.long);
            return Err(usage(parsed.command, &what));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
