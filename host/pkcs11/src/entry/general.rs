//! General purpose functions (section 5.4 of the standard), and what is said
//! where there is nothing to be had: no random numbers, no parallel functions.

use std::ptr;

use cryptoki_sys as ck;
use cryptoki_sys::{
    CK_C_INITIALIZE_ARGS, CK_FUNCTION_LIST, CK_INFO, CK_RV, CK_SESSION_HANDLE, CK_ULONG,
};

use super::function_list::FUNCTION_LIST;
use super::{call, padded, put};
use crate::return_value::ReturnValue;
use crate::state::Module;

/// The version of the standard that this module follows.
pub const CRYPTOKI: ck::CK_VERSION = ck::CK_VERSION {
    major: 2,
    minor: 40,
};

/// Who made module, slots and (where the card does not say) tokens.
pub const MANUFACTURER: &str = "Kagibashi";

/// This module's version, as far as a `CK_VERSION` holds one.
pub fn version() -> ck::CK_VERSION {
    let part = |text: &str| text.parse().unwrap_or(0);
    ck::CK_VERSION {
        major: part(env!("CARGO_PKG_VERSION_MAJOR")),
        minor: part(env!("CARGO_PKG_VERSION_MINOR")),
    }
}

/// Set by the host for the process in which it runs another maker's module. A
/// module that gathers others (p11-kit's proxy) would load this one there, which
/// would ask the host, which would ask that module.
const VENDOR_WORKER: &str = "KAGIBASHI_MODULE_WORKER";

/// The one symbol that this library exports.
///
/// # Safety
/// The pointer is NULL or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetFunctionList(list: *mut *mut CK_FUNCTION_LIST) -> CK_RV {
    call("C_GetFunctionList", || {
        // SAFETY: the caller's promise. Nobody may write to the list, though
        // the type has it so.
        unsafe { put(list, ptr::from_ref(&FUNCTION_LIST).cast_mut()) }
    })
}

pub unsafe extern "C" fn C_Initialize(arguments: ck::CK_VOID_PTR) -> CK_RV {
    call("C_Initialize", || {
        if std::env::var_os(VENDOR_WORKER).is_some() {
            return Err(ReturnValue::GeneralError);
        }
        let arguments = arguments.cast::<CK_C_INITIALIZE_ARGS>();
        if !arguments.is_null() {
            // SAFETY: not NULL, so a structure of this kind.
            let given = unsafe { arguments.read_unaligned() };
            // Copied out by the braces: the structure is packed on Windows.
            let callbacks = [
                { given.CreateMutex }.is_some(),
                { given.DestroyMutex }.is_some(),
                { given.LockMutex }.is_some(),
                { given.UnlockMutex }.is_some(),
            ];
            // All or none. They are not used: this library's locks are the
            // system's own, and it makes no threads, whatever the flags say.
            let mixed = callbacks.contains(&true) && callbacks.contains(&false);
            if mixed || !{ given.pReserved }.is_null() {
                return Err(ReturnValue::ArgumentsBad);
            }
        }
        Module::initialise()
    })
}

pub unsafe extern "C" fn C_Finalize(reserved: ck::CK_VOID_PTR) -> CK_RV {
    call("C_Finalize", || {
        if !reserved.is_null() {
            return Err(ReturnValue::ArgumentsBad);
        }
        Module::finalise()
    })
}

pub unsafe extern "C" fn C_GetInfo(info: *mut CK_INFO) -> CK_RV {
    call("C_GetInfo", || {
        Module::current()?;
        let value = CK_INFO {
            cryptokiVersion: CRYPTOKI,
            manufacturerID: padded(MANUFACTURER),
            flags: 0,
            libraryDescription: padded("Kagibashi PKCS#11 module"),
            libraryVersion: version(),
        };
        // SAFETY: the caller's promise.
        unsafe { put(info, value) }
    })
}

pub unsafe extern "C" fn C_GetFunctionStatus(_: CK_SESSION_HANDLE) -> CK_RV {
    call("C_GetFunctionStatus", || {
        Module::current()?;
        Err(ReturnValue::FunctionNotParallel)
    })
}

pub unsafe extern "C" fn C_CancelFunction(_: CK_SESSION_HANDLE) -> CK_RV {
    call("C_CancelFunction", || {
        Module::current()?;
        Err(ReturnValue::FunctionNotParallel)
    })
}

pub unsafe extern "C" fn C_SeedRandom(_: CK_SESSION_HANDLE, _: *mut u8, _: CK_ULONG) -> CK_RV {
    call("C_SeedRandom", || Err(ReturnValue::RandomNoRng))
}

pub unsafe extern "C" fn C_GenerateRandom(_: CK_SESSION_HANDLE, _: *mut u8, _: CK_ULONG) -> CK_RV {
    call("C_GenerateRandom", || Err(ReturnValue::RandomNoRng))
}
