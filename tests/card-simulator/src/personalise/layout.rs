//! The file tree of a token, filled.

mod espk;
mod pkcs15;

use super::authority::Authority;
use super::{Entry, Request};
use crate::file::File;

pub use espk::Attributes;

/// How the files on a token are arranged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// As `pkcs15-init --profile pkcs15+onepin` does it.
    Pkcs15,
    /// `ENTERSAFE-ESPK`, as the maker's own software does it.
    Espk(Attributes),
}

/// All that goes onto one token.
pub struct Issue<'a> {
    pub request: &'a Request,
    /// One per key reference, from 0.
    pub entries: &'a [Entry],
    /// From the issuer of the entries up to the root.
    pub authorities: &'a [&'a Authority],
}

/// The whole tree.
pub fn master_file(issue: &Issue) -> File {
    match issue.request.layout {
        Layout::Pkcs15 => pkcs15::master_file(issue),
        Layout::Espk(attributes) => espk::master_file(issue, attributes),
    }
}
