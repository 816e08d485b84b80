//! The directory files of PKCS#15 v1.1 (ISO/IEC 7816-15), as far as tokens need them.
//!
//! A directory is a sequence of records up to the first `00`. Each is read on its own: one that is
//! odd is left out and the rest stay. Fields that are unknown are passed over.

pub(crate) mod aodf;
pub(crate) mod cdf;
pub(crate) mod odf;
pub(crate) mod path;
pub(crate) mod prkdf;
mod record;
pub(crate) mod token_info;

#[cfg(test)]
mod tests;
