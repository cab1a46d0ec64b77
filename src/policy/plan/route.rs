// SPDX-License-Identifier: GPL-2.0-or-later
//! The routes of an image into the kernel. Layer: pure.

/// One of the ways to load.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Route {
    /// kexec_file_load(2) on the whole image, opened inside the kernel by a BPF parser
    /// that this program attaches.
    Handshake,
    /// kexec_file_load(2) on the image itself.
    Native,
    /// kexec_file_load(2) on the kernel and the initrd extracted from the image.
    Extract,
}

impl Route {
    pub const ALL: [Route; 3] = [Route::Handshake, Route::Native, Route::Extract];

    /// Returns the value of `--route`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Route::Handshake => "handshake",
            Route::Native => "native",
            Route::Extract => "extract",
        }
    }

    /// Returns what the route does, for display.
    #[must_use]
    pub fn detail(self) -> &'static str {
        match self {
            Route::Handshake => "the kernel gets the whole image, and a BPF parser opens it there",
            Route::Native => "the kernel takes the image as it is",
            Route::Extract => "the kernel and initrd are taken out of the image",
        }
    }
}
