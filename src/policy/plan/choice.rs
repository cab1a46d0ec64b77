// SPDX-License-Identifier: GPL-2.0-or-later
//! The choice of an image's route. Layer: pure.

use super::{PlanError, Route};
use crate::formats::image::detect::Image;
use crate::host::Host;
use crate::policy::explain;

/// Chooses the route; `wanted` is the user's explicit choice.
pub fn route(image: &Image, wanted: Option<Route>, host: &Host) -> Result<Route, PlanError> {
    let handshake = || match explain::handshake_blocker(host) {
        None => Ok(Route::Handshake),
        Some(why) => Err(PlanError::NoHandshake(why)),
    };
    match (image, wanted) {
        (Image::BzImage { .. }, None | Some(Route::Native)) => Ok(Route::Native),
        (Image::BzImage { .. }, Some(wanted)) => Err(PlanError::TakenAsItIs { wanted }),
        // The kernel would get the image alone, and no parser can open files for it.
        (Image::Uki { thin: Some(_), .. }, Some(Route::Handshake)) => Err(PlanError::ThinHandshake),
        (Image::Uki { thin: Some(_), .. }, None) => Ok(Route::Extract),
        (Image::Uki { .. }, None) if explain::module_is_useless(host) => Ok(Route::Extract),
        // A module that is there but unusable for another reason is an error, not
        // ignored.
        (Image::Uki { .. }, None) if host.module.is_some() || host.module_loaded => handshake(),
        (Image::Uki { .. }, None) => Ok(Route::Extract),
        (Image::Uki { .. }, Some(Route::Extract)) => Ok(Route::Extract),
        (Image::Uki { .. } | Image::Opaque { .. } | Image::Zboot { .. }, Some(Route::Native)) => {
            Err(PlanError::NotTakenAsItIs {
                kind: image.kind_name(),
            })
        }
        (Image::Uki { .. }, Some(Route::Handshake))
        | (Image::Opaque { .. } | Image::Zboot { .. }, None | Some(Route::Handshake)) => {
            handshake()
        }
        (Image::Opaque { .. } | Image::Zboot { .. }, Some(Route::Extract)) => {
            Err(PlanError::NotExtracted {
                kind: image.kind_name(),
            })
        }
        (Image::LinuxImage { .. } | Image::Addon { .. }, _) => Err(PlanError::NotBootable {
            kind: image.kind_name(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::ABI_VERSION;
    use crate::diagnosis::{Diagnose, Exit};
    use crate::formats::image::build;
    use crate::formats::image::detect::detect;
    use crate::host::{Lockdown, Module};

    #[test]
    fn auto_fails_if_the_module_cannot_be_used() {
        let image = detect(build::uki().as_slice()).unwrap();
        let module = |abi_version| Host {
            module_loaded: true,
            module: Some(Module {
                abi_version,
                // Without sysfs, neither is known.
                has_btf: abi_version.is_some(),
                ..Module::default()
            }),
            ..Host::default()
        };
        let auto = |host: &Host| route(&image, None, host);
        assert_eq!(auto(&Host::default()), Ok(Route::Extract));
        assert_eq!(auto(&module(Some(Ok(ABI_VERSION)))), Ok(Route::Handshake));
        let no_proc = Host {
            module: None,
            ..module(None)
        };
        for host in [module(Some(Err(ABI_VERSION + 1))), module(None), no_proc] {
            let error = auto(&host).unwrap_err();
            assert!(matches!(error, PlanError::NoHandshake(_)), "{error:?}");
            let explicit = route(&image, Some(Route::Extract), &host);
            assert_eq!(explicit, Ok(Route::Extract));
        }
    }

    #[test]
    fn auto_skips_a_module_without_btf_where_the_rules_allow_it() {
        let image = detect(build::uki().as_slice()).unwrap();
        let mut host = Host {
            module_loaded: true,
            module: Some(Module {
                abi_version: Some(Ok(ABI_VERSION)),
                ..Module::default()
            }),
            ..Host::default()
        };
        assert_eq!(route(&image, None, &host), Ok(Route::Extract));
        host.lockdown = Some(Lockdown::Integrity);
        let error = route(&image, None, &host).unwrap_err();
        assert!(matches!(error, PlanError::NoHandshake(_)), "{error:?}");
    }

    #[test]
    fn only_a_uki_can_be_extracted() {
        let opaque = build::pe(&[(".text", b"stub"), (".bpf", b"parser")]);
        let opaque = detect(opaque.as_slice()).unwrap();
        let error = route(&opaque, Some(Route::Extract), &Host::default()).unwrap_err();
        let kind = opaque.kind_name();
        assert_eq!(error, PlanError::NotExtracted { kind });
        assert_eq!(error.diagnose().exit, Exit::Usage);
    }
}
