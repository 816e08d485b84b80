//! Where this library's own file is.

use std::path::PathBuf;

/// The file that this code was loaded from.
#[cfg(unix)]
pub fn path() -> Option<PathBuf> {
    use std::ffi::{CStr, OsStr};
    use std::mem::MaybeUninit;
    use std::os::unix::ffi::OsStrExt;

    let mut info = MaybeUninit::<libc::Dl_info>::uninit();
    let here: *const () = path as fn() -> Option<PathBuf> as *const ();
    // SAFETY: the first is an address in this library, the second a place for
    // the answer.
    let found = unsafe { libc::dladdr(here.cast(), info.as_mut_ptr()) } != 0;
    if !found {
        return None;
    }
    // SAFETY: dladdr has said that it filled it in.
    let name = unsafe { info.assume_init() }.dli_fname;
    if name.is_null() {
        return None;
    }
    // SAFETY: a string of the loader's that lives as long as the library.
    let name = unsafe { CStr::from_ptr(name) };
    std::fs::canonicalize(OsStr::from_bytes(name.to_bytes())).ok()
}

/// Not asked for on this system: the agent is found by the path there.
#[cfg(not(unix))]
pub fn path() -> Option<PathBuf> {
    None
}
