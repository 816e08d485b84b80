//! Which function is which.
//!
//! What this module does not do says so. Every place holds a function: programs
//! call without looking.

use cryptoki_sys::{CK_FUNCTION_LIST, CK_RV, CKR_FUNCTION_NOT_SUPPORTED as NOT_SUPPORTED};

use super::general::CRYPTOKI;
use super::{general, object, session, sign, slot};

/// The functions of Cryptoki 2.40.
pub static FUNCTION_LIST: CK_FUNCTION_LIST = CK_FUNCTION_LIST {
    version: CRYPTOKI,
    C_Initialize: Some(general::C_Initialize),
    C_Finalize: Some(general::C_Finalize),
    C_GetInfo: Some(general::C_GetInfo),
    C_GetFunctionList: Some(general::C_GetFunctionList),
    C_GetSlotList: Some(slot::C_GetSlotList),
    C_GetSlotInfo: Some(slot::C_GetSlotInfo),
    C_GetTokenInfo: Some(slot::C_GetTokenInfo),
    C_GetMechanismList: Some(slot::C_GetMechanismList),
    C_GetMechanismInfo: Some(slot::C_GetMechanismInfo),
    C_InitToken: Some(refuse4),
    C_InitPIN: Some(refuse3),
    C_SetPIN: Some(refuse5),
    C_OpenSession: Some(session::C_OpenSession),
    C_CloseSession: Some(session::C_CloseSession),
    C_CloseAllSessions: Some(session::C_CloseAllSessions),
    C_GetSessionInfo: Some(session::C_GetSessionInfo),
    C_GetOperationState: Some(refuse3),
    C_SetOperationState: Some(refuse5),
    C_Login: Some(session::C_Login),
    C_Logout: Some(session::C_Logout),
    C_CreateObject: Some(refuse4),
    C_CopyObject: Some(refuse5),
    C_DestroyObject: Some(refuse2),
    C_GetObjectSize: Some(refuse3),
    C_GetAttributeValue: Some(object::C_GetAttributeValue),
    C_SetAttributeValue: Some(refuse4),
    C_FindObjectsInit: Some(object::C_FindObjectsInit),
    C_FindObjects: Some(object::C_FindObjects),
    C_FindObjectsFinal: Some(object::C_FindObjectsFinal),
    C_EncryptInit: Some(refuse3),
    C_Encrypt: Some(refuse5),
    C_EncryptUpdate: Some(refuse5),
    C_EncryptFinal: Some(refuse3),
    C_DecryptInit: Some(refuse3),
    C_Decrypt: Some(refuse5),
    C_DecryptUpdate: Some(refuse5),
    C_DecryptFinal: Some(refuse3),
    C_DigestInit: Some(refuse2),
    C_Digest: Some(refuse5),
    C_DigestUpdate: Some(refuse3),
    C_DigestKey: Some(refuse2),
    C_DigestFinal: Some(refuse3),
    C_SignInit: Some(sign::C_SignInit),
    C_Sign: Some(sign::C_Sign),
    C_SignUpdate: Some(sign::C_SignUpdate),
    C_SignFinal: Some(sign::C_SignFinal),
    C_SignRecoverInit: Some(refuse3),
    C_SignRecover: Some(refuse5),
    C_VerifyInit: Some(refuse3),
    C_Verify: Some(refuse5),
    C_VerifyUpdate: Some(refuse3),
    C_VerifyFinal: Some(refuse3),
    C_VerifyRecoverInit: Some(refuse3),
    C_VerifyRecover: Some(refuse5),
    C_DigestEncryptUpdate: Some(refuse5),
    C_DecryptDigestUpdate: Some(refuse5),
    C_SignEncryptUpdate: Some(refuse5),
    C_DecryptVerifyUpdate: Some(refuse5),
    C_GenerateKey: Some(refuse5),
    C_GenerateKeyPair: Some(refuse8),
    C_WrapKey: Some(refuse6),
    C_UnwrapKey: Some(refuse8),
    C_DeriveKey: Some(refuse6),
    C_SeedRandom: Some(general::C_SeedRandom),
    C_GenerateRandom: Some(general::C_GenerateRandom),
    C_GetFunctionStatus: Some(general::C_GetFunctionStatus),
    C_CancelFunction: Some(general::C_CancelFunction),
    C_WaitForSlotEvent: Some(slot::C_WaitForSlotEvent),
};

// One for each number of arguments, as the caller passes them.

unsafe extern "C" fn refuse2<A, B>(_: A, _: B) -> CK_RV {
    NOT_SUPPORTED
}

unsafe extern "C" fn refuse3<A, B, C>(_: A, _: B, _: C) -> CK_RV {
    NOT_SUPPORTED
}

unsafe extern "C" fn refuse4<A, B, C, D>(_: A, _: B, _: C, _: D) -> CK_RV {
    NOT_SUPPORTED
}

unsafe extern "C" fn refuse5<A, B, C, D, E>(_: A, _: B, _: C, _: D, _: E) -> CK_RV {
    NOT_SUPPORTED
}

unsafe extern "C" fn refuse6<A, B, C, D, E, F>(_: A, _: B, _: C, _: D, _: E, _: F) -> CK_RV {
    NOT_SUPPORTED
}

unsafe extern "C" fn refuse8<A, B, C, D, E, F, G, H>(
    _: A,
    _: B,
    _: C,
    _: D,
    _: E,
    _: F,
    _: G,
    _: H,
) -> CK_RV {
    NOT_SUPPORTED
}
