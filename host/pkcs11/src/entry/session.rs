//! Sessions and logins (section 5.6 of the standard).

use cryptoki_sys as ck;
use cryptoki_sys::{
    CK_FLAGS, CK_RV, CK_SESSION_HANDLE, CK_SESSION_INFO, CK_SLOT_ID, CK_ULONG, CK_USER_TYPE,
};
use secrecy::SecretString;

use super::{call, list, put};
use crate::return_value::{Outcome, ReturnValue};
use crate::state::Module;

/// Bytes of the longest PIN that is passed on; how long it may really be is
/// for the host to say.
const PIN_BYTES_MAX: usize = 255;

pub unsafe extern "C" fn C_OpenSession(
    slot: CK_SLOT_ID,
    flags: CK_FLAGS,
    _application: ck::CK_VOID_PTR,
    _notify: ck::CK_NOTIFY,
    handle: *mut CK_SESSION_HANDLE,
) -> CK_RV {
    call("C_OpenSession", || {
        let module = Module::current()?;
        // Before there is a session that nobody could close.
        if handle.is_null() {
            return Err(ReturnValue::ArgumentsBad);
        }
        module.look();
        let opened = module.open_session(slot, flags)?;
        // SAFETY: the caller's promise.
        unsafe { put(handle, opened) }
    })
}

pub unsafe extern "C" fn C_CloseSession(session: CK_SESSION_HANDLE) -> CK_RV {
    call("C_CloseSession", || {
        Module::current()?.close_session(session)
    })
}

pub unsafe extern "C" fn C_CloseAllSessions(slot: CK_SLOT_ID) -> CK_RV {
    call("C_CloseAllSessions", || {
        Module::current()?.close_sessions(slot)
    })
}

pub unsafe extern "C" fn C_GetSessionInfo(
    handle: CK_SESSION_HANDLE,
    info: *mut CK_SESSION_INFO,
) -> CK_RV {
    call("C_GetSessionInfo", || {
        let module = Module::current()?;
        module.look();
        let session = module.lasting_session(handle)?;
        let value = CK_SESSION_INFO {
            slotID: session.slot,
            state: module.state(&session),
            flags: session.flags,
            ulDeviceError: 0,
        };
        // SAFETY: the caller's promise.
        unsafe { put(info, value) }
    })
}

pub unsafe extern "C" fn C_Login(
    handle: CK_SESSION_HANDLE,
    user: CK_USER_TYPE,
    pin: *mut ck::CK_UTF8CHAR,
    pin_length: CK_ULONG,
) -> CK_RV {
    call("C_Login", || {
        let module = Module::current()?;
        let session = module.session(handle)?;
        match user {
            ck::CKU_USER => {}
            // No key of ours asks for a login of its own.
            ck::CKU_CONTEXT_SPECIFIC => return Err(ReturnValue::OperationNotInitialized),
            _ => return Err(ReturnValue::UserTypeInvalid),
        }
        if pin.is_null() {
            return Err(ReturnValue::ArgumentsBad);
        }
        // SAFETY: the caller's promise.
        let pin = unsafe { list(pin.cast_const(), pin_length) }?;
        module.log_in(&session, pin_text(pin)?)
    })
}

fn pin_text(pin: &[u8]) -> Outcome<SecretString> {
    if pin.len() > PIN_BYTES_MAX {
        return Err(ReturnValue::PinLenRange);
    }
    // What is no text can't be the PIN; no try is spent on it.
    let text = std::str::from_utf8(pin).map_err(|_| ReturnValue::PinIncorrect)?;
    Ok(SecretString::from(Box::<str>::from(text)))
}

pub unsafe extern "C" fn C_Logout(handle: CK_SESSION_HANDLE) -> CK_RV {
    call("C_Logout", || {
        let module = Module::current()?;
        let session = module.session(handle)?;
        module.log_out(&session)
    })
}
