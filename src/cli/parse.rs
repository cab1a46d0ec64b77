// SPDX-License-Identifier: GPL-2.0-or-later
//! argv → command, flags and operands, checked against the table.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use getargs::{Arg, Options};

use super::table::{Command, Flag, GLOBAL_FLAGS, Id, Operand, Value};
use crate::diagnosis::{Diagnosis, Hint};
use crate::escape::printable;

/// A command line that fits the table.
#[derive(Debug)]
pub struct Parsed<'arg> {
    /// `None` for the program's own flags only.
    pub command: Option<&'static Command>,
    flags: Vec<(Id, &'arg [u8])>,
    pub operand: Option<&'arg [u8]>,
    /// Whether the word of [`Operand::WordImage`] was given.
    has_word: bool,
}

/// A command line that does not fit the table.
#[derive(Debug, PartialEq, Eq)]
pub struct UsageError {
    pub what: String,
    /// Whose help tells more; empty for the program's.
    pub command: &'static str,
}

impl<'arg> Parsed<'arg> {
    /// Whether the flag was given.
    #[must_use]
    pub fn has(&self, id: Id) -> bool {
        self.flags.iter().any(|(given, _)| *given == id)
    }

    /// The values of a repeatable flag, in order.
    pub fn values(&self, id: Id) -> impl Iterator<Item = &'arg [u8]> {
        self.flags
            .iter()
            .filter(move |(given, _)| *given == id)
            .map(|(_, value)| *value)
    }

    /// The value of a flag; the last one wins.
    #[must_use]
    pub fn value(&self, id: Id) -> Option<&'arg [u8]> {
        self.values(id).last()
    }
}

impl From<UsageError> for Diagnosis {
    fn from(error: UsageError) -> Diagnosis {
        Diagnosis::usage(&error.what).hints(&[Hint::Help(error.command)])
    }
}

fn show(argument: &[u8]) -> String {
    printable(argument)
}

fn usage(command: Option<&Command>, what: String) -> UsageError {
    let command = command.map_or("", |command| command.name);
    UsageError { what, command }
}

fn find_flag(flags: &[&'static Flag], argument: &Arg<&[u8]>) -> Option<&'static Flag> {
    flags.iter().copied().find(|flag| match argument {
        Arg::Long(name) => flag.long.as_bytes() == *name,
        Arg::Short(letter) => flag.short == Some(char::from(*letter)),
        Arg::Positional(_) => false,
    })
}

/// Parses the arguments behind the program's name. Flags and operands may be
/// mixed; `--` ends the flags.
///
/// # Errors
/// [`UsageError`], whose hint is the help to look at.
pub fn parse<'arg>(arguments: &[&'arg [u8]]) -> Result<Parsed<'arg>, UsageError> {
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
            .map_err(|error| usage(command, show_error(&error)))?;
        let Some(argument) = argument else { break };
        if let Arg::Positional(word) = argument {
            take_positional(&mut parsed, word)?;
            continue;
        }
        let flags = command.map_or(GLOBAL_FLAGS, |command| command.flags);
        let Some(flag) = find_flag(flags, &argument) else {
            let what = format!("unknown option {}", show_option(&argument));
            return Err(usage(command, what));
        };
        let value: &[u8] = if flag.value == Value::Nothing {
            b""
        } else {
            options
                .value()
                .map_err(|_| usage(command, format!("--{} needs a value", flag.long)))?
        };
        check_value(command, flag, value)?;
        parsed.flags.push((flag.id, value));
    }
    check_operand(&parsed)?;
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
        _ => "the options cannot be read".into(),
    }
}

fn show_option(argument: &Arg<&[u8]>) -> String {
    match argument {
        Arg::Long(name) => format!("--{}", show(name)),
        Arg::Short(letter) => format!("-{}", show(&[*letter])),
        Arg::Positional(word) => show(word),
    }
}

fn take_positional<'arg>(parsed: &mut Parsed<'arg>, word: &'arg [u8]) -> Result<(), UsageError> {
    let Some(command) = parsed.command else {
        let found = Command::find(word);
        parsed.command = found;
        return match found {
            Some(_) => Ok(()),
            None => Err(usage(None, format!("unknown command {}", show(word)))),
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
                format!(
                    "{}: expected the word {wanted}, not {}",
                    command.name,
                    show(word)
                ),
            )),
        };
    }
    if command.operand == Operand::None || parsed.operand.is_some() {
        let what = format!("{}: unexpected argument {}", command.name, show(word));
        return Err(usage(Some(command), what));
    }
    if let Operand::Choice(words) = command.operand {
        check_choice(Some(command), command.name, words, word)?;
    }
    parsed.operand = Some(word);
    Ok(())
}

fn check_value(command: Option<&Command>, flag: &Flag, value: &[u8]) -> Result<(), UsageError> {
    match flag.value {
        Value::Choice(words) => check_choice(command, &format!("--{}", flag.long), words, value),
        _ => Ok(()),
    }
}

fn check_choice(
    command: Option<&Command>,
    name: &str,
    words: &[&str],
    value: &[u8],
) -> Result<(), UsageError> {
    if words.iter().any(|word| word.as_bytes() == value) {
        return Ok(());
    }
    let words = words.join(", ");
    let what = format!("{name} {}: must be one of {words}", show(value));
    Err(usage(command, what))
}

fn check_operand(parsed: &Parsed<'_>) -> Result<(), UsageError> {
    let asks_help = parsed.has(Id::Help) || parsed.has(Id::Version);
    if asks_help || parsed.operand.is_some() {
        return Ok(());
    }
    let missing = match parsed.command.map(|command| command.operand) {
        None => return Err(usage(None, "no command given".into())),
        Some(Operand::Image | Operand::WordImage { .. }) => "no image given",
        Some(Operand::Choice(_)) => "no word given",
        Some(_) => return Ok(()),
    };
    let name = parsed.command.map_or("", |command| command.name);
    Err(usage(parsed.command, format!("{name}: {missing}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_words<'w>(words: &[&'w str]) -> Result<Parsed<'w>, UsageError> {
        let bytes: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        parse(&bytes)
    }

    #[test]
    fn flags_and_operand_may_be_mixed() {
        let parsed = parse_words(&["load", "--initrd", "a", "k.efi", "--initrd=b", "-nv"]).unwrap();
        assert_eq!(parsed.command.unwrap().name, "load");
        assert_eq!(parsed.operand, Some(&b"k.efi"[..]));
        let initrds: Vec<_> = parsed.values(Id::Initrd).collect();
        assert_eq!(initrds, [b"a", b"b"]);
        assert!(parsed.has(Id::DryRun) && parsed.has(Id::Verbose));
    }

    #[test]
    fn the_last_of_a_single_flag_wins_and_values_may_look_like_flags() {
        let parsed = parse_words(&[
            "load",
            "--command-line",
            "a",
            "--command-line=",
            "--append",
            "-- b",
            "k",
        ])
        .unwrap();
        assert_eq!(parsed.value(Id::CommandLine), Some(&b""[..]));
        assert_eq!(parsed.value(Id::Append), Some(&b"-- b"[..]));
    }

    #[test]
    fn wrong_usage_says_what_and_where_to_look() {
        for (words, what, command) in [
            (&[][..], "no command given", ""),
            (&["lod"][..], "unknown command lod", ""),
            (&["--frob"][..], "unknown option --frob", ""),
            (&["load"][..], "load: no image given", "load"),
            (&["load", "-x", "k"][..], "unknown option -x", "load"),
            (
                &["load", "k", "--initrd"][..],
                "--initrd needs a value",
                "load",
            ),
            (
                &["kdump", "k.efi"][..],
                "kdump: expected the word check, not k.efi",
                "kdump",
            ),
            (&["kdump", "check"][..], "kdump: no image given", "kdump"),
            (
                &["load", "a", "b"][..],
                "load: unexpected argument b",
                "load",
            ),
            (&["exec", "a"][..], "exec: unexpected argument a", "exec"),
            (
                &["exec", "--no-sync=1"][..],
                "--no-sync takes no value",
                "exec",
            ),
            (
                &["load", "k", "--route", "teleport"][..],
                "--route teleport: must be one of auto, handshake, native, extract",
                "load",
            ),
        ] {
            let error = parse_words(words).unwrap_err();
            assert_eq!((error.what.as_str(), error.command), (what, command));
        }
    }

    #[test]
    fn help_needs_no_operand() {
        let check = parse_words(&["kdump", "--append=a", "check", "k.efi"]).unwrap();
        assert_eq!(check.operand, Some(&b"k.efi"[..]));
        assert!(parse_words(&["load", "--help"]).unwrap().has(Id::Help));
        assert!(parse_words(&["-V"]).unwrap().has(Id::Version));
    }
}
