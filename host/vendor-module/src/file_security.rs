//! Who may do what with a file on Windows: std does not read the lists in which Windows keeps that.

#![allow(unsafe_code, reason = "C functions are called with pointers")]

use std::ffi::c_void;
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::path::Path;
use std::ptr::null_mut;

use windows_sys::Win32::Foundation::{ERROR_SUCCESS, LocalFree};
use windows_sys::Win32::Security::Authorization::{
    ConvertSecurityDescriptorToStringSecurityDescriptorW, GetNamedSecurityInfoW, SDDL_REVISION_1,
    SE_FILE_OBJECT,
};
use windows_sys::Win32::Security::{DACL_SECURITY_INFORMATION, OWNER_SECURITY_INFORMATION};

/// The owner of a file or folder and the list of who may do what with it, in Windows' own language
/// for that (SDDL: `O:…D:…`).
pub fn security_of(path: &Path) -> io::Result<String> {
    let name: Vec<u16> = path.as_os_str().encode_wide().chain([0]).collect();
    let wanted = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
    let mut descriptor = null_mut();
    // SAFETY: the name ends with NUL; of the answers, only the last is wanted.
    let error = unsafe {
        GetNamedSecurityInfoW(
            name.as_ptr(),
            SE_FILE_OBJECT,
            wanted,
            null_mut(),
            null_mut(),
            null_mut(),
            null_mut(),
            &raw mut descriptor,
        )
    };
    if error != ERROR_SUCCESS {
        return Err(io::Error::from_raw_os_error(error.cast_signed()));
    }
    let descriptor = Allocated(descriptor);
    let (mut text, mut length) = (null_mut(), 0);
    // SAFETY: a descriptor that the system has just made.
    let made = unsafe {
        ConvertSecurityDescriptorToStringSecurityDescriptorW(
            descriptor.0,
            SDDL_REVISION_1,
            wanted,
            &raw mut text,
            &raw mut length,
        )
    };
    if made == 0 || text.is_null() {
        return Err(io::Error::last_os_error());
    }
    let text = Allocated(text.cast::<c_void>());
    // SAFETY: so many letters, which stay until it is dropped.
    let letters = unsafe { std::slice::from_raw_parts(text.0.cast::<u16>(), length as usize) };
    let text = String::from_utf16_lossy(letters);
    Ok(text.trim_end_matches('\0').to_owned())
}

/// Memory that the system has handed out.
struct Allocated(*mut c_void);

impl Drop for Allocated {
    fn drop(&mut self) {
        // SAFETY: it came from the system, once.
        unsafe { LocalFree(self.0) };
    }
}
