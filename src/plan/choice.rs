// SPDX-License-Identifier: GPL-2.0-or-later
//! Choice of an image's route.

use super::{PlanError, Route};
use crate::explain;
use crate::facts::Facts;
use crate::image::detect::Image;

/// Chooses the route; `wanted` is the user's explicit word.
pub fn route(image: &Image, wanted: Option<Route>, facts: &Facts) -> Result<Route, PlanError> {
    let handshake = || match explain::handshake_blocker(facts) {
        None => Ok(Route::Handshake),
        Some(why) => Err(PlanError::NoHandshake(why)),
    };
    match (image, wanted) {
        (Image::BzImage { .. }, None | Some(Route::Native)) => Ok(Route::Native),
        (Image::BzImage { .. }, Some(wanted)) => Err(PlanError::TakenAsItIs { wanted }),
        (Image::Uki { .. }, None) if explain::module_is_useless(facts) => Ok(Route::Extract),
        // Otherwise a module that is there but cannot be used is not passed by.
        (Image::Uki { .. }, None) if facts.module.is_some() || facts.module_loaded => handshake(),
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
    use crate::facts::{Lockdown, Module};
    use crate::image::build;
    use crate::image::detect::detect;

    #[test]
    fn auto_does_not_pass_by_a_module_that_cannot_be_used() {
        let image = detect(build::uki().as_slice()).unwrap();
        let module = |abi_version| Facts {
            module_loaded: true,
            module: Some(Module {
                abi_version,
                // Where sysfs is not mounted, neither is told.
                has_btf: abi_version.is_some(),
                ..Module::default()
            }),
            ..Facts::default()
        };
        let auto = |facts: &Facts| route(&image, None, facts);
        assert_eq!(auto(&Facts::default()), Ok(Route::Extract));
        assert_eq!(auto(&module(Some(Ok(ABI_VERSION)))), Ok(Route::Handshake));
        let no_proc = Facts {
            module: None,
            ..module(None)
        };
        for facts in [module(Some(Err(ABI_VERSION + 1))), module(None), no_proc] {
            let error = auto(&facts).unwrap_err();
            assert!(matches!(error, PlanError::NoHandshake(_)), "{error:?}");
            let explicit = route(&image, Some(Route::Extract), &facts);
            assert_eq!(explicit, Ok(Route::Extract));
        }
    }
    #[test]
    fn auto_passes_by_a_module_without_btf_where_the_rules_allow_it() {
        let image = detect(build::uki().as_slice()).unwrap();
        let mut facts = Facts {
            module_loaded: true,
            module: Some(Module {
                abi_version: Some(Ok(ABI_VERSION)),
                ..Module::default()
            }),
            ..Facts::default()
        };
        assert_eq!(route(&image, None, &facts), Ok(Route::Extract));
        facts.lockdown = Some(Lockdown::Integrity);
        let error = route(&image, None, &facts).unwrap_err();
        assert!(matches!(error, PlanError::NoHandshake(_)), "{error:?}");
    }

    #[test]
    fn only_a_uki_can_be_extracted() {
        let opaque = build::pe(&[(".text", b"stub"), (".bpf", b"parser")]);
        let opaque = detect(opaque.as_slice()).unwrap();
        let error = route(&opaque, Some(Route::Extract), &Facts::default()).unwrap_err();
        let kind = opaque.kind_name();
        assert_eq!(error, PlanError::NotExtracted { kind });
        assert_eq!(error.diagnose().exit, Exit::Usage);
    }
}
