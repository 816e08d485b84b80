//! A session with a token.

use std::sync::Arc;

use cryptoki_sys as ck;

use crate::call::{AttributeAnswer, Functions};
use crate::error::{ModuleError, ReturnValue};
use crate::mechanism::Mechanism;
use crate::object::{Attribute, Class, KeyType, Object};

/// More objects of one class than that are nonsense.
const OBJECTS_MAX: usize = 1024;

/// As many objects are asked for at a time.
const OBJECTS_AT_ONCE: usize = 32;

/// Bytes of a signature: an RSA key of 16384 bits.
const SIGNATURE_MAX: usize = 2048;

/// A session, closed when dropped. Closing the last one of a token logs out.
pub struct Session {
    functions: Arc<Functions>,
    handle: ck::CK_SESSION_HANDLE,
}

impl Session {
    pub(crate) fn new(functions: Arc<Functions>, handle: ck::CK_SESSION_HANDLE) -> Self {
        Self { functions, handle }
    }

    /// Gives the user's PIN, once; `None` has the token ask for it by itself.
    pub fn login(&self, pin: Option<&[u8]>) -> Result<(), ModuleError> {
        self.functions.login(self.handle, ck::CKU_USER, pin)
    }

    /// Gives the PIN for the signature that has been begun, and no other.
    pub fn login_for_signature(&self, pin: Option<&[u8]>) -> Result<(), ModuleError> {
        self.functions
            .login(self.handle, ck::CKU_CONTEXT_SPECIFIC, pin)
    }

    /// Ends the login.
    pub fn logout(&self) -> Result<(), ModuleError> {
        self.functions.logout(self.handle)
    }

    /// Replaces the PIN; the session has to be writable.
    pub fn set_pin(&self, current: &[u8], new: &[u8]) -> Result<(), ModuleError> {
        self.functions.set_pin(self.handle, current, new)
    }

    /// All objects of a class that lie on the token.
    pub fn objects(&self, class: Class) -> Result<Vec<Object>, ModuleError> {
        let class = class.number().to_ne_bytes();
        let on_token = [ck::CK_TRUE];
        let template = [
            (ck::CKA_CLASS, class.as_slice()),
            (ck::CKA_TOKEN, on_token.as_slice()),
        ];
        self.functions.find_objects_init(self.handle, &template)?;
        let found = self.find_all();
        let ended = self.functions.find_objects_final(self.handle);
        let found = found?;
        ended?;
        Ok(found)
    }

    fn find_all(&self) -> Result<Vec<Object>, ModuleError> {
        let mut all = Vec::new();
        loop {
            let some = self.functions.find_objects(self.handle, OBJECTS_AT_ONCE)?;
            if some.is_empty() {
                return Ok(all);
            }
            all.extend(some.into_iter().map(Object));
            if all.len() > OBJECTS_MAX {
                return Err(ModuleError::Nonsense("C_FindObjects"));
            }
        }
    }

    /// The value of an attribute, of at most `longest` bytes; `None` if the object has none, or
    /// does not tell it.
    pub fn attribute(
        &self,
        object: Object,
        attribute: Attribute,
        longest: usize,
    ) -> Result<Option<Vec<u8>>, ModuleError> {
        let ask = |room: &mut [u8]| {
            self.functions
                .attribute(self.handle, object.0, attribute.number(), room)
        };
        let length = match ask(&mut [])? {
            AttributeAnswer::Absent => return Ok(None),
            AttributeAnswer::Length(0) => return Ok(Some(Vec::new())),
            AttributeAnswer::Length(length) if length > longest => {
                return Err(ModuleError::Nonsense("C_GetAttributeValue"));
            }
            AttributeAnswer::Length(length) => length,
        };
        let mut value = vec![0; length];
        match ask(&mut value)? {
            AttributeAnswer::Absent => Ok(None),
            AttributeAnswer::Length(written) if written > length => {
                Err(ModuleError::Nonsense("C_GetAttributeValue"))
            }
            AttributeAnswer::Length(written) => {
                value.truncate(written);
                Ok(Some(value))
            }
        }
    }

    fn number(
        &self,
        object: Object,
        attribute: Attribute,
    ) -> Result<Option<ck::CK_ULONG>, ModuleError> {
        let value = self.attribute(object, attribute, size_of::<ck::CK_ULONG>())?;
        let bytes = value.and_then(|value| value.try_into().ok());
        Ok(bytes.map(ck::CK_ULONG::from_ne_bytes))
    }

    /// What kind of key an object is; `None` if of no kind known here.
    pub fn key_type(&self, key: Object) -> Result<Option<KeyType>, ModuleError> {
        let number = self.number(key, Attribute::KeyType)?;
        Ok(number.and_then(KeyType::of_number))
    }

    /// Whether a certificate is called an authority's.
    pub fn is_of_authority(&self, certificate: Object) -> Result<bool, ModuleError> {
        let category = self.number(certificate, Attribute::CertificateCategory)?;
        Ok(category == Some(ck::CK_CERTIFICATE_CATEGORY_AUTHORITY))
    }

    /// Whether an attribute is set that is a truth value.
    pub fn flag(&self, object: Object, attribute: Attribute) -> Result<bool, ModuleError> {
        let value = self.attribute(object, attribute, 1)?;
        Ok(value.is_some_and(|bytes| bytes.first().is_some_and(|&byte| byte != ck::CK_FALSE)))
    }

    /// Begins a signature.
    pub fn begin_signature(&self, mechanism: Mechanism, key: Object) -> Result<(), ModuleError> {
        let begin = || {
            let mut parameter = mechanism.parameter();
            let number = mechanism.number();
            self.functions
                .sign_init(self.handle, number, parameter.as_mut(), key.0)
        };
        match begin() {
            // Left over from one that failed: what ends it is to finish it, whatever comes out.
            Err(error) if error.value() == Some(ReturnValue::OPERATION_ACTIVE) => {
                drop(self.functions.sign(self.handle, &[0], SIGNATURE_MAX));
                begin()
            }
            outcome => outcome,
        }
    }

    /// Finishes the signature that has been begun.
    pub fn finish_signature(&self, data: &[u8]) -> Result<Vec<u8>, ModuleError> {
        self.functions.sign(self.handle, data, SIGNATURE_MAX)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // A session that the module has lost already needs no closing.
        drop(self.functions.close_session(self.handle));
    }
}
