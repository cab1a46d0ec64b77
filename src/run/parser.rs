// SPDX-License-Identifier: GPL-2.0-or-later
//! A parser in the kernel: from the bytes of its object file to a program that is
//! attached to the module's hook. Layer: effects.

use alloc::ffi::CString;
use alloc::string::String;
use alloc::vec::Vec;
use core::ffi::CStr;
use core::fmt;

use crate::abi;
use crate::diagnosis::errno::Errno;
use crate::diagnosis::{Diagnose, Diagnosis, Exit};
use crate::formats::object::{Btf, KernelBtf, KernelBtfError, Kfunc, Object, ObjectError, lossy};
use crate::formats::source::ReadError;
use crate::policy::explain;
use crate::sys::bpf::{self, KernelTypes, MapFd, Program, Rejected, Value};
use crate::sys::file::InputFile;
use crate::sys::{AsFd, OwnedFd, SysError};

/// The names of the BTF of the kernel and of the module.
const KERNEL: &str = "vmlinux";
const KERNEL_BTF: &str = "/sys/kernel/btf/vmlinux";
const MODULE: &str = "kexec_bpf";
/// The kernel's own BTF, and the module's, by their numbers in a program's list.
const OF_KERNEL: i16 = 0;
const OF_MODULE: i16 = 1;

/// An object file whose maps the kernel has; the program is loaded next.
pub struct Prepared<'a> {
    object: Object<'a>,
    maps: Vec<MapFd>,
    /// The location of each kfunc; `None` for a weak one that is missing.
    kfuncs: Vec<Option<Kfunc>>,
    /// The hook's ID in the module's BTF.
    hook: u32,
    module: OwnedFd,
}

/// A parser that the kernel has accepted. Dropping it detaches and unloads it.
pub struct Parser {
    // Dropped first: the link goes before the program.
    link: Option<OwnedFd>,
    program: OwnedFd,
    maps: Vec<(String, MapFd)>,
}

/// An error that makes a parser unusable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ParserError {
    /// The object is not a parser, or needs something that this program or the kernel
    /// does not have.
    Object(ObjectError),
    /// The kernel did not accept the program.
    Rejected(Rejected),
    /// A map cannot be created or filled.
    Map { map: String, error: SysError },
    /// The kernel did not attach the program.
    Attach(SysError),
    /// Another system call failed.
    Sys(SysError),
    /// The kernel has no BTF for itself or for the module.
    NoTypes { of: &'static str },
    /// The kernel's BTF cannot be read.
    Read(ReadError),
    /// The kernel has BTF, but in a format that this program does not know.
    Types { of: &'static str },
    /// The module's BTF does not have the hook.
    NoHook,
    /// A map has another shape than bpf/include/kexec_bpf.h says.
    MapShape { map: &'static str },
    /// A map that the user's options need is missing.
    NoMap { map: &'static str },
}

impl Diagnose for ParserError {
    fn diagnose(&self) -> Diagnosis {
        let exit = match self {
            ParserError::Object(_) | ParserError::MapShape { .. } | ParserError::NoMap { .. } => {
                Exit::BadImage
            }
            ParserError::Rejected(Rejected { error, .. })
            | ParserError::Map { error, .. }
            | ParserError::Sys(error) => exit_of(error.errno),
            // The program was accepted; the kernel, or another program attached there, is
            // in the way.
            ParserError::Attach(_) | ParserError::Read(_) => Exit::Failed,
            ParserError::NoTypes { .. } | ParserError::Types { .. } | ParserError::NoHook => {
                Exit::Refused
            }
        };
        explain::parser(self, exit)
    }
}

/// Returns the exit code for an errno of bpf(2).
fn exit_of(errno: Errno) -> Exit {
    match errno {
        Errno::ENOMEM | Errno::EAGAIN | Errno::EINTR | Errno::EBUSY => Exit::Failed,
        Errno::EMFILE | Errno::ENFILE => Exit::Failed,
        Errno::EPERM | Errno::ENOSYS => Exit::Refused,
        // Any other error is the fault of the object file.
        _ => Exit::BadImage,
    }
}

impl fmt::Display for ParserError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParserError::Object(error) => write!(out, "the parser was not accepted: {error}"),
            ParserError::Rejected(Rejected { error, .. }) => {
                write!(out, "the parser was not accepted: {error}")
            }
            ParserError::Map { map, error } => write!(out, "the parser's map {map}: {error}"),
            ParserError::Attach(error) => write!(out, "the parser was not attached: {error}"),
            ParserError::Sys(error) => write!(out, "the parser was not loaded: {error}"),
            ParserError::NoTypes { of } => write!(out, "the kernel has no BTF for {of}"),
            ParserError::Read(error) => write!(out, "{KERNEL_BTF}: {error}"),
            ParserError::Types { of } => {
                write!(out, "the kernel's BTF for {of} has an unknown format")
            }
            ParserError::NoHook => write!(out, "the module has no {}", abi::HOOK_NAME),
            ParserError::MapShape { map } => {
                write!(out, "the parser's map {map} has the wrong shape")
            }
            ParserError::NoMap { map } => write!(out, "the parser has no map {map}"),
        }
    }
}

impl From<ObjectError> for ParserError {
    fn from(error: ObjectError) -> ParserError {
        ParserError::Object(error)
    }
}

impl From<SysError> for ParserError {
    fn from(error: SysError) -> ParserError {
        ParserError::Sys(error)
    }
}

impl From<Rejected> for ParserError {
    fn from(rejected: Rejected) -> ParserError {
        ParserError::Rejected(rejected)
    }
}

impl From<KernelBtfError> for ParserError {
    fn from(error: KernelBtfError) -> ParserError {
        match error {
            KernelBtfError::Read(error) => ParserError::Read(error),
            KernelBtfError::Format(_) => ParserError::Types { of: KERNEL },
        }
    }
}

/// Finds the functions that the object file calls, in the module or else in the kernel,
/// and creates its maps.
///
/// # Errors
/// [`ParserError`]
pub fn prepare(object: Object<'_>) -> Result<Prepared<'_>, ParserError> {
    let kernel =
        InputFile::open_kernels(KERNEL_BTF).map_err(|_| ParserError::NoTypes { of: KERNEL })?;
    let below = KernelBtf::open(&kernel)?;
    let module = KernelTypes::of(MODULE)?.ok_or(ParserError::NoTypes { of: MODULE })?;
    let own = Btf::parse(&module.bytes, below.string_bytes())
        .map_err(|_| ParserError::Types { of: MODULE })?;
    let called = object.kfuncs();
    let mut names: Vec<&[u8]> = called.iter().map(|called| called.name).collect();
    names.push(abi::HOOK_NAME.as_bytes());
    // Look in the module first: the kernel may have functions of the same names.
    let mut of_module = own.functions(&names, |offset| below.name(offset));
    let hook = of_module.pop().flatten();
    let others = names
        .iter()
        .zip(&of_module)
        .filter(|(_, place)| place.is_none());
    let others: Vec<&[u8]> = others.map(|(name, _)| *name).collect();
    let survey = below.survey(&others)?;
    // The module's types continue the kernel's: their IDs begin where the kernel's end.
    let id = |place: u32| survey.count.saturating_add(1).saturating_add(place);
    let mut in_kernel = survey.functions.into_iter();
    let kfuncs = called.iter().zip(of_module).map(|(called, place)| {
        let kfunc = |id: u32, btf, fd| Kfunc {
            id: id.cast_signed(),
            btf,
            fd,
        };
        if let Some(place) = place {
            return Ok(Some(kfunc(id(place), OF_MODULE, module.raw())));
        }
        match in_kernel.next().flatten() {
            Some(id) => Ok(Some(kfunc(id, OF_KERNEL, 0))),
            None if called.is_weak => Ok(None),
            None => Err(ObjectError::NoKfunc {
                name: lossy(called.name),
            }),
        }
    });
    let kfuncs = kfuncs.collect::<Result<_, _>>()?;
    let maps = object.maps().iter().map(|map| {
        MapFd::create(map).map_err(|error| ParserError::Map {
            map: lossy(map.name),
            error,
        })
    });
    Ok(Prepared {
        maps: maps.collect::<Result<_, _>>()?,
        kfuncs,
        hook: hook.map(id).ok_or(ParserError::NoHook)?,
        module: module.fd,
        object,
    })
}

impl Prepared<'_> {
    /// Makes the kernel verify and accept the program.
    ///
    /// # Errors
    /// [`ParserError::Rejected`]
    pub fn load(self) -> Result<Parser, ParserError> {
        let object = &self.object;
        let descriptors: Vec<i32> = self.maps.iter().map(MapFd::raw).collect();
        let types = object.types();
        let types = types.as_deref().map(bpf::load_types).transpose()?;
        // The license was already cut at its NUL, so this cannot fail.
        let license = CString::new(object.license()).unwrap_or_default();
        let program = bpf::load_program(&Program {
            name: object.name(),
            license: &license,
            linked: &object.link(&descriptors, &self.kfuncs),
            types: types.as_ref().map(AsFd::as_fd),
            function: self.hook,
            module: self.module.as_fd(),
        })?;
        let names = object.maps().iter().map(|map| map.name);
        let names = names.map(lossy);
        Ok(Parser {
            link: None,
            program,
            maps: names.zip(self.maps).collect(),
        })
    }
}

impl Parser {
    /// Puts values into the array map `name`, from index 0: `count` of them, or as many
    /// as `value` returns. If `count` is 0, a missing map is not an error.
    ///
    /// # Errors
    /// [`ParserError::NoMap`], [`ParserError::MapShape`], or the system call's.
    pub fn fill<T: Value>(
        &self,
        name: &'static CStr,
        count: usize,
        value: impl FnMut(usize) -> Option<T>,
    ) -> Result<(), ParserError> {
        let map = name.to_str().unwrap_or_default();
        let found = self.maps.iter().find(|(name, _)| name == map);
        let Some((_, found)) = found else {
            return match count {
                0 => Ok(()),
                _ => Err(ParserError::NoMap { map }),
            };
        };
        if !found.fits::<T>(count) {
            return Err(ParserError::MapShape { map });
        }
        for (index, value) in (0u32..).zip((0..count).map_while(value)) {
            found.set(index, &value).map_err(|error| ParserError::Map {
                map: map.into(),
                error,
            })?;
        }
        Ok(())
    }

    /// Attaches the program to the hook, with a session's cookie.
    ///
    /// # Errors
    /// [`ParserError::Attach`]: EBUSY and others of bpf(2), BPF_LINK_CREATE.
    pub fn attach(&mut self, cookie: u64) -> Result<(), ParserError> {
        let link = bpf::attach(self.program.as_fd(), cookie);
        self.link = Some(link.map_err(ParserError::Attach)?);
        Ok(())
    }
}
