//! Signatures (section 5.11 of the standard).
//!
//! A call of `C_Sign` or `C_SignFinal` ends the operation, whatever comes of it, but for two
//! cases: it only asked how long a signature is, or the buffer was too short.
//! Both are answered from the key's size, and nobody is asked for a PIN.

use cryptoki_sys::{
    CK_MECHANISM, CK_MECHANISM_TYPE, CK_OBJECT_HANDLE, CK_RSA_PKCS_PSS_PARAMS, CK_RV,
    CK_SESSION_HANDLE, CK_ULONG,
};

use super::{call, hand_out, length, list, number, put};
use crate::lock::lock;
use crate::mechanism::{self, Mechanism, PssParameters};
use crate::return_value::{Outcome, ReturnValue};
use crate::state::Module;
use crate::state::session::{Session, Signature};

pub unsafe extern "C" fn C_SignInit(
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    key: CK_OBJECT_HANDLE,
) -> CK_RV {
    call("C_SignInit", || {
        let module = Module::current()?;
        let session = module.session(session)?;
        let mut operations = lock(&session.operations);
        if operations.signature.is_some() {
            return Err(ReturnValue::OperationActive);
        }
        // SAFETY: the caller's promise.
        let (kind, mechanism) = unsafe { mechanism_of(mechanism, &session) }?;
        let object = session
            .contents
            .object(key)
            .ok_or(ReturnValue::KeyHandleInvalid)?;
        if !module.shows(&session, object) {
            return Err(ReturnValue::UserNotLoggedIn);
        }
        let key = object
            .key
            .clone()
            .filter(|key| mechanism::list(session.login, key.kind).contains(&kind))
            .ok_or(ReturnValue::KeyTypeInconsistent)?;
        operations.signature = Some(Signature {
            key,
            data: mechanism.begin(),
            in_parts: false,
        });
        Ok(())
    })
}

/// Reads a mechanism of the session's token, with its parameter.
///
/// # Safety
/// `mechanism` is NULL or can be read, and so can its `pParameter`, for
/// `ulParameterLen` bytes.
unsafe fn mechanism_of(
    mechanism: *const CK_MECHANISM,
    session: &Session,
) -> Outcome<(CK_MECHANISM_TYPE, Mechanism)> {
    if mechanism.is_null() {
        return Err(ReturnValue::ArgumentsBad);
    }
    // SAFETY: not NULL, so the caller's promise holds.
    let given = unsafe { mechanism.read_unaligned() };
    let kind = given.mechanism;
    let login = session.login;
    if !session.contents.mechanisms(login).contains(&kind) {
        return Err(ReturnValue::MechanismInvalid);
    }
    if !Mechanism::has_pss_parameters(kind) {
        if given.ulParameterLen != 0 {
            return Err(ReturnValue::MechanismParamInvalid);
        }
        return Ok((kind, Mechanism::new(kind, None, login)?));
    }
    let whole = number(size_of::<CK_RSA_PKCS_PSS_PARAMS>());
    if given.pParameter.is_null() || given.ulParameterLen != whole {
        return Err(ReturnValue::MechanismParamInvalid);
    }
    let parameters = given.pParameter.cast::<CK_RSA_PKCS_PSS_PARAMS>();
    // SAFETY: not NULL and of that size, so the caller's promise holds.
    let parameters = unsafe { parameters.read_unaligned() };
    let parameters = PssParameters {
        hash: parameters.hashAlg,
        mask: parameters.mgf,
        salt: parameters.sLen,
    };
    Ok((kind, Mechanism::new(kind, Some(parameters), login)?))
}

pub unsafe extern "C" fn C_Sign(
    session: CK_SESSION_HANDLE,
    data: *mut u8,
    data_length: CK_ULONG,
    signature: *mut u8,
    signature_length: *mut CK_ULONG,
) -> CK_RV {
    call("C_Sign", || {
        let module = Module::current()?;
        let session = module.session(session)?;
        // SAFETY: the caller's promise.
        let begun = unsafe { take(&session, false, signature, signature_length) }?;
        let Some(mut begun) = begun else {
            return Ok(());
        };
        // SAFETY: the caller's promise.
        begun
            .data
            .add(unsafe { list(data.cast_const(), data_length) }?)?;
        let made = module.sign(&session, begun)?;
        // SAFETY: the caller's promise.
        unsafe { hand_out(&made, signature, signature_length) }
    })
}

pub unsafe extern "C" fn C_SignUpdate(
    session: CK_SESSION_HANDLE,
    part: *mut u8,
    part_length: CK_ULONG,
) -> CK_RV {
    call("C_SignUpdate", || {
        let session = Module::current()?.session(session)?;
        let mut operations = lock(&session.operations);
        let mut begun = operations
            .signature
            .take()
            .ok_or(ReturnValue::OperationNotInitialized)?;
        // SAFETY: the caller's promise.
        begun
            .data
            .add(unsafe { list(part.cast_const(), part_length) }?)?;
        begun.in_parts = true;
        operations.signature = Some(begun);
        Ok(())
    })
}

pub unsafe extern "C" fn C_SignFinal(
    session: CK_SESSION_HANDLE,
    signature: *mut u8,
    signature_length: *mut CK_ULONG,
) -> CK_RV {
    call("C_SignFinal", || {
        let module = Module::current()?;
        let session = module.session(session)?;
        // SAFETY: the caller's promise.
        let begun = unsafe { take(&session, true, signature, signature_length) }?;
        let Some(begun) = begun else { return Ok(()) };
        let made = module.sign(&session, begun)?;
        // SAFETY: the caller's promise.
        unsafe { hand_out(&made, signature, signature_length) }
    })
}

/// Takes the operation that is to end; `None` if the caller only asked for the
/// length, so that it goes on. Only in parts can end what was begun in parts.
///
/// # Safety
/// `length` is NULL or can be read and written.
unsafe fn take(
    session: &Session,
    in_parts: bool,
    signature: *mut u8,
    signature_length: *mut CK_ULONG,
) -> Outcome<Option<Signature>> {
    let mut operations = lock(&session.operations);
    let begun = operations
        .signature
        .take()
        .filter(|begun| begun.in_parts == in_parts)
        .ok_or(ReturnValue::OperationNotInitialized)?;
    if signature_length.is_null() {
        return Err(ReturnValue::ArgumentsBad);
    }
    // SAFETY: not NULL, so the caller's promise holds.
    let room = length(unsafe { signature_length.read_unaligned() })?;
    if !signature.is_null() && room >= begun.key.size {
        return Ok(Some(begun));
    }
    let size = number(begun.key.size);
    operations.signature = Some(begun);
    // SAFETY: as before.
    unsafe { put(signature_length, size) }?;
    if signature.is_null() {
        Ok(None)
    } else {
        Err(ReturnValue::BufferTooSmall)
    }
}
