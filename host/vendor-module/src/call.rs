//! The functions of a module, each with its pointers: numbers and bytes in, numbers and bytes out.

#![allow(unsafe_code, reason = "C functions are called with pointers")]

use std::ffi::c_void;
use std::ptr;

use cryptoki_sys as ck;
use libloading::Library as SharedLibrary;

use crate::error::{ModuleError, ReturnValue};

/// What answers a question for one attribute.
pub enum AttributeAnswer {
    /// The value, or its length if none was asked for.
    Length(usize),
    /// The object has none, or does not tell it.
    Absent,
}

/// The function list of a module, which lives as long as its library.
pub struct Functions {
    list: Box<ck::CK_FUNCTION_LIST>,
    /// Never unloaded: what a library has left running would run on without its code.
    _library: std::mem::ManuallyDrop<SharedLibrary>,
}

macro_rules! call {
    ($self:ident, $function:ident($($argument:expr),* $(,)?)) => {{
        let name = stringify!($function);
        let function = $self.list.$function.ok_or(ModuleError::Missing(name))?;
        // SAFETY: the arguments are as the standard wants them: every pointer is to as much memory
        // as the length beside it says, alive until the function returns.
        let value = unsafe { function($($argument),*) };
        accepted(name, value)
    }};
}

fn accepted(function: &'static str, value: ck::CK_RV) -> Result<(), ModuleError> {
    match value {
        ck::CKR_OK => Ok(()),
        value => Err(ModuleError::Refused {
            function,
            value: ReturnValue(value),
        }),
    }
}

/// Buffers here are far smaller than what a `CK_ULONG` counts.
fn ulong(length: usize) -> ck::CK_ULONG {
    ck::CK_ULONG::try_from(length).unwrap_or(ck::CK_ULONG::MAX)
}

fn size(length: ck::CK_ULONG) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

impl Functions {
    pub fn new(library: SharedLibrary, list: Box<ck::CK_FUNCTION_LIST>) -> Self {
        Self {
            list,
            _library: std::mem::ManuallyDrop::new(library),
        }
    }

    /// Whether the module may be called by several threads at once.
    pub fn initialize(&self) -> Result<bool, ModuleError> {
        let mut arguments = ck::CK_C_INITIALIZE_ARGS {
            CreateMutex: None,
            DestroyMutex: None,
            LockMutex: None,
            UnlockMutex: None,
            flags: ck::CKF_OS_LOCKING_OK,
            pReserved: ptr::null_mut(),
        };
        let first = call!(self, C_Initialize((&raw mut arguments).cast::<c_void>()));
        let Err(error) = first else { return Ok(true) };
        match error.value() {
            // By whom, and how, is not known.
            Some(ReturnValue::CRYPTOKI_ALREADY_INITIALIZED) => Ok(false),
            // One thread alone calls it then: it need not lock anything.
            Some(ReturnValue::CANT_LOCK | ReturnValue::ARGUMENTS_BAD) => {
                call!(self, C_Initialize(ptr::null_mut())).map(|()| false)
            }
            _ => Err(error),
        }
    }

    /// Says that nobody calls any more. Whether that was understood does not matter any more.
    pub fn finalize(&self) {
        let said: Result<(), ModuleError> = (|| call!(self, C_Finalize(ptr::null_mut())))();
        drop(said);
    }

    pub fn info(&self) -> Result<ck::CK_INFO, ModuleError> {
        let mut info = ck::CK_INFO::default();
        call!(self, C_GetInfo(&raw mut info))?;
        Ok(info)
    }

    pub fn slot_count(&self) -> Result<usize, ModuleError> {
        let mut count = 0;
        call!(
            self,
            C_GetSlotList(ck::CK_TRUE, ptr::null_mut(), &raw mut count)
        )?;
        Ok(size(count))
    }

    pub fn slot_list(&self, room: usize) -> Result<Vec<ck::CK_SLOT_ID>, ModuleError> {
        let mut slots = vec![0; room];
        let mut count = ulong(room);
        call!(
            self,
            C_GetSlotList(ck::CK_TRUE, slots.as_mut_ptr(), &raw mut count)
        )?;
        let count = size(count);
        if count > room {
            return Err(ModuleError::Nonsense("C_GetSlotList"));
        }
        slots.truncate(count);
        Ok(slots)
    }

    /// Blocks until a token comes or goes.
    pub fn wait_for_slot_event(&self) -> Result<(), ModuleError> {
        let mut slot = 0;
        call!(self, C_WaitForSlotEvent(0, &raw mut slot, ptr::null_mut()))
    }

    pub fn slot_info(&self, slot: ck::CK_SLOT_ID) -> Result<ck::CK_SLOT_INFO, ModuleError> {
        let mut info = ck::CK_SLOT_INFO::default();
        call!(self, C_GetSlotInfo(slot, &raw mut info))?;
        Ok(info)
    }

    pub fn token_info(&self, slot: ck::CK_SLOT_ID) -> Result<ck::CK_TOKEN_INFO, ModuleError> {
        let mut info = ck::CK_TOKEN_INFO::default();
        call!(self, C_GetTokenInfo(slot, &raw mut info))?;
        Ok(info)
    }

    pub fn open_session(
        &self,
        slot: ck::CK_SLOT_ID,
        flags: ck::CK_FLAGS,
    ) -> Result<ck::CK_SESSION_HANDLE, ModuleError> {
        let mut session = 0;
        call!(
            self,
            C_OpenSession(slot, flags, ptr::null_mut(), None, &raw mut session)
        )?;
        Ok(session)
    }

    pub fn close_session(&self, session: ck::CK_SESSION_HANDLE) -> Result<(), ModuleError> {
        call!(self, C_CloseSession(session))
    }

    /// Without a PIN, the token asks for it by itself.
    pub fn login(
        &self,
        session: ck::CK_SESSION_HANDLE,
        user: ck::CK_USER_TYPE,
        pin: Option<&[u8]>,
    ) -> Result<(), ModuleError> {
        let (pin, length) = pin.map_or((ptr::null_mut(), 0), |pin| {
            (pin.as_ptr().cast_mut(), ulong(pin.len()))
        });
        call!(self, C_Login(session, user, pin, length))
    }

    pub fn logout(&self, session: ck::CK_SESSION_HANDLE) -> Result<(), ModuleError> {
        call!(self, C_Logout(session))
    }

    pub fn set_pin(
        &self,
        session: ck::CK_SESSION_HANDLE,
        current: &[u8],
        new: &[u8],
    ) -> Result<(), ModuleError> {
        call!(
            self,
            C_SetPIN(
                session,
                current.as_ptr().cast_mut(),
                ulong(current.len()),
                new.as_ptr().cast_mut(),
                ulong(new.len()),
            )
        )
    }

    pub fn find_objects_init(
        &self,
        session: ck::CK_SESSION_HANDLE,
        template: &[(ck::CK_ATTRIBUTE_TYPE, &[u8])],
    ) -> Result<(), ModuleError> {
        let mut attributes: Vec<ck::CK_ATTRIBUTE> = template
            .iter()
            .map(|&(type_, value)| ck::CK_ATTRIBUTE {
                type_,
                pValue: value.as_ptr().cast_mut().cast::<c_void>(),
                ulValueLen: ulong(value.len()),
            })
            .collect();
        call!(
            self,
            C_FindObjectsInit(session, attributes.as_mut_ptr(), ulong(attributes.len()))
        )
    }

    /// At most `room` more objects.
    pub fn find_objects(
        &self,
        session: ck::CK_SESSION_HANDLE,
        room: usize,
    ) -> Result<Vec<ck::CK_OBJECT_HANDLE>, ModuleError> {
        let mut objects = vec![0; room];
        let mut count = 0;
        call!(
            self,
            C_FindObjects(session, objects.as_mut_ptr(), ulong(room), &raw mut count)
        )?;
        let count = size(count);
        if count > room {
            return Err(ModuleError::Nonsense("C_FindObjects"));
        }
        objects.truncate(count);
        Ok(objects)
    }

    pub fn find_objects_final(&self, session: ck::CK_SESSION_HANDLE) -> Result<(), ModuleError> {
        call!(self, C_FindObjectsFinal(session))
    }

    /// Asks for the length of an attribute's value if there is no room for any, else for the value.
    pub fn attribute(
        &self,
        session: ck::CK_SESSION_HANDLE,
        object: ck::CK_OBJECT_HANDLE,
        type_: ck::CK_ATTRIBUTE_TYPE,
        room: &mut [u8],
    ) -> Result<AttributeAnswer, ModuleError> {
        let mut attribute = ck::CK_ATTRIBUTE {
            type_,
            pValue: if room.is_empty() {
                ptr::null_mut()
            } else {
                room.as_mut_ptr().cast::<c_void>()
            },
            ulValueLen: ulong(room.len()),
        };
        let answered = call!(
            self,
            C_GetAttributeValue(session, object, &raw mut attribute, 1)
        );
        match answered {
            Ok(()) if attribute.ulValueLen == ck::CK_UNAVAILABLE_INFORMATION => {
                Ok(AttributeAnswer::Absent)
            }
            Ok(()) => Ok(AttributeAnswer::Length(size(attribute.ulValueLen))),
            Err(error) => match error.value() {
                Some(ReturnValue::ATTRIBUTE_SENSITIVE | ReturnValue::ATTRIBUTE_TYPE_INVALID) => {
                    Ok(AttributeAnswer::Absent)
                }
                _ => Err(error),
            },
        }
    }

    /// `parameter` is what the mechanism has beside its number; empty if nothing.
    pub fn sign_init(
        &self,
        session: ck::CK_SESSION_HANDLE,
        mechanism: ck::CK_MECHANISM_TYPE,
        parameter: Option<&mut ck::CK_RSA_PKCS_PSS_PARAMS>,
        key: ck::CK_OBJECT_HANDLE,
    ) -> Result<(), ModuleError> {
        let (parameter, length) = parameter.map_or((ptr::null_mut(), 0), |parameter| {
            (
                ptr::from_mut(parameter).cast::<c_void>(),
                size_of::<ck::CK_RSA_PKCS_PSS_PARAMS>(),
            )
        });
        let mut mechanism = ck::CK_MECHANISM {
            mechanism,
            pParameter: parameter,
            ulParameterLen: ulong(length),
        };
        call!(self, C_SignInit(session, &raw mut mechanism, key))
    }

    /// The signature, of at most `room` bytes.
    pub fn sign(
        &self,
        session: ck::CK_SESSION_HANDLE,
        data: &[u8],
        room: usize,
    ) -> Result<Vec<u8>, ModuleError> {
        let mut signature = vec![0; room];
        let mut length = ulong(room);
        call!(
            self,
            C_Sign(
                session,
                data.as_ptr().cast_mut(),
                ulong(data.len()),
                signature.as_mut_ptr(),
                &raw mut length,
            )
        )?;
        let length = size(length);
        if length > room {
            return Err(ModuleError::Nonsense("C_Sign"));
        }
        signature.truncate(length);
        Ok(signature)
    }
}
