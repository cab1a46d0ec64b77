// SPDX-License-Identifier: GPL-2.0-or-later
//! Blockers of a plan, and which parts of it a locked-down kernel verifies. Layer: pure.

use super::{Manifest, Options, Plan, Route};
use crate::diagnosis::Diagnosis;
use crate::host::Host;
use crate::policy::explain;

impl Plan {
    /// Returns the reason why the load would fail, if it is known before the load is
    /// tried.
    pub(super) fn find_blocker<F>(
        &self,
        options: &Options,
        manifest: &Manifest<F>,
        host: &Host,
    ) -> Option<Diagnosis> {
        explain::load_blocker(host, options.panic)
            .or_else(|| self.image_blocker(options, manifest, host))
    }

    /// Returns the reason why this machine would load no image like this one, though others.
    #[must_use]
    pub fn image_blocker<F>(
        &self,
        options: &Options,
        manifest: &Manifest<F>,
        host: &Host,
    ) -> Option<Diagnosis> {
        let unsigned = self.is_extracted_unverified(host) && !options.extracts_knowingly();
        let broken = self.breaks(manifest, host);
        broken
            .map(|rule| rule.broken(options.panic))
            .or_else(|| unsigned.then(|| explain::unsigned_initrd(host, manifest.thin.is_some())))
    }

    /// Returns whether this kernel verifies signatures, but would not verify the image's,
    /// because the UKI is extracted.
    #[must_use]
    pub fn is_extracted_unverified(&self, host: &Host) -> bool {
        self.route == Route::Extract && host.is_locked_down()
    }
}

impl Route {
    /// Returns what the kernel verifies if it demands signatures, for display.
    #[must_use]
    pub fn verified(self) -> &'static str {
        match self {
            Route::Handshake => "the whole image: kernel, initrd, command line",
            Route::Native => "the kernel; nothing verifies the initrd and command line",
            Route::Extract => "the inner kernel; nothing verifies the initrd and command line",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Diagnose, Exit, Hint};
    use crate::formats::image::build;
    use crate::formats::image::error::ImageError;
    use crate::formats::image::pe::PeError;
    use crate::formats::source::FileOffset;
    use crate::host::{Lockdown, Module};
    use crate::policy::plan::PlanError;
    use crate::policy::plan::build::plan_on;

    fn host(lockdown: Lockdown, has_module: bool) -> Host {
        Host {
            cap_sys_boot: true,
            lockdown: Some(lockdown),
            module: has_module.then(|| Module {
                abi_version: Some(Ok(crate::abi::ABI_VERSION)),
                has_btf: true,
                ..Module::default()
            }),
            ..Host::default()
        }
    }

    fn blocker(file: &[u8], options: &Options, host: &Host) -> Option<Diagnosis> {
        plan_on(file, options, host).unwrap().blocker
    }

    #[test]
    fn a_locked_down_kernel_has_a_uki_extracted_only_with_two_flags() {
        let without = host(Lockdown::Integrity, false);
        let extract = Some(Route::Extract);
        for (route, allow_unsigned_initrd, is_refused) in [
            (None, false, true),
            (None, true, true),
            (extract, false, true),
            (extract, true, false),
        ] {
            let options = Options {
                route,
                allow_unsigned_initrd,
                ..Options::default()
            };
            let uki = build::uki();
            let found = blocker(&uki, &options, &without);
            assert_eq!(found.is_some(), is_refused, "{options:?}");
            let open = host(Lockdown::None, false);
            assert_eq!(blocker(&uki, &options, &open), None);
        }
    }

    #[test]
    fn the_way_out_is_the_module_where_there_is_none() {
        let options = Options {
            route: Some(Route::Extract),
            ..Options::default()
        };
        for (has_module, hints) in [
            (
                false,
                &[
                    "modprobe kexec_bpf",
                    "or load it with --route extract --allow-unsigned-initrd",
                ][..],
            ),
            (
                true,
                &["the same command without --route, or with --allow-unsigned-initrd"],
            ),
        ] {
            let host = host(Lockdown::Confidentiality, has_module);
            let found = blocker(&build::uki(), &options, &host).unwrap();
            let hints: Vec<_> = hints.iter().copied().map(Hint::Text).collect();
            assert_eq!(found.hints, hints);
        }
    }

    #[test]
    fn other_routes_are_left_to_the_kernel() {
        let locked = host(Lockdown::Integrity, true);
        for image in [build::uki(), build::bzimage()] {
            assert_eq!(blocker(&image, &Options::default(), &locked), None);
        }
    }

    #[test]
    fn a_cut_certificate_table_is_a_bad_image() {
        let mut file = build::uki();
        build::put32(&mut file, build::CERTIFICATE_AT, 0xffff_fff0);
        build::put32(&mut file, build::CERTIFICATE_AT + 4, 8);
        let host = host(Lockdown::None, false);
        let error = plan_on(&file, &Options::default(), &host).unwrap_err();
        let words = "certificate table at 0xfffffff0 ends at 0xfffffff8, file at 0x1400";
        assert_eq!(error.to_string(), words);
        assert_eq!(error.diagnose().exit, Exit::BadImage);
    }

    /// The PE is the kernel inside the UKI. The handshake route, where a BPF parser would
    /// open the UKI, is no exception.
    #[test]
    fn a_kernel_whose_pe_has_two_readings_is_refused_on_every_route() {
        let kernel = build::pe(&[(".text", b"stub"), (".linux", &build::bzimage())]);
        let (mut headers, mut table) = (kernel.clone(), kernel);
        build::put16(&mut headers, build::OPTIONAL_BYTES_AT, 248);
        build::put32(&mut table, build::CERTIFICATE_AT, 0x10);
        build::put32(&mut table, build::CERTIFICATE_AT + 4, 8);
        let header_size = PeError::OptionalHeaderSize {
            bytes: 248,
            wanted: 240,
        };
        let table_place = PeError::CertificateTableInHeaders {
            offset: FileOffset(0x10),
            headers_bytes: 0x200,
        };
        for (kernel, error) in [(headers, header_size), (table, table_place)] {
            let file = build::pe(&[(".linux", &kernel)]);
            let error = PlanError::Inner(ImageError::Pe(error).in_linux());
            for has_module in [false, true] {
                let host = host(Lockdown::None, has_module);
                let found = plan_on(&file, &Options::default(), &host);
                assert_eq!(found, Err(error.clone()));
            }
        }
    }
}
