//! What the tests of the PKCS#11 module stand on.
//!
//! `kagibashi-scripted-host` is a host with a software key that does what it
//! is told; [`host::Host`] starts and tells it. [`scenario::alone`] runs a test
//! in a process of its own, as a module, a browser's pid and an environment
//! are one to a process. [`module::Module`] is the library, built and loaded.

pub mod host;
pub mod key;
pub mod module;
pub mod scenario;
pub mod script;
pub mod token;
