//! The files of an `ENTERSAFE-ESPK` token, as Feitian's own software leaves them.
//!
//! There is no public documentation; this follows what owners of such tokens published. Nothing is
//! looked up by its place in a file, and whatever is odd is left out, so that the rest stays.

pub(crate) mod attribute;
pub(crate) mod container;
pub(crate) mod index;
pub(crate) mod key;
pub(crate) mod token_info;

#[cfg(test)]
mod tests;
