//! Objects and searches (section 5.7 of the standard), all from memory.

use cryptoki_sys as ck;
use cryptoki_sys::{
    CK_ATTRIBUTE, CK_ATTRIBUTE_TYPE, CK_OBJECT_HANDLE, CK_RV, CK_SESSION_HANDLE, CK_ULONG,
};

use super::{call, length, list, number, put};
use crate::lock::lock;
use crate::object::{Attribute, Object};
use crate::return_value::{Outcome, ReturnValue};
use crate::state::Module;

/// Attributes of the longest template that is looked at.
const TEMPLATE_MAX: CK_ULONG = 1_024;

pub unsafe extern "C" fn C_GetAttributeValue(
    session: CK_SESSION_HANDLE,
    object: CK_OBJECT_HANDLE,
    template: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
) -> CK_RV {
    call("C_GetAttributeValue", || {
        let module = Module::current()?;
        let session = module.session(session)?;
        let object = session
            .contents
            .object(object)
            .filter(|object| module.shows(&session, object))
            .ok_or(ReturnValue::ObjectHandleInvalid)?;
        if count > TEMPLATE_MAX || (template.is_null() && count > 0) {
            return Err(ReturnValue::ArgumentsBad);
        }
        let mut outcome = Ok(());
        // One that can't be told does not keep the others from being told.
        for index in 0..length(count)? {
            // SAFETY: the caller has promised so many that can be written.
            let told = unsafe { tell(object, template.add(index)) };
            outcome = outcome.and(told);
        }
        outcome
    })
}

/// Fills in one attribute.
///
/// # Safety
/// `place` can be read and written, and so can its `pValue` if that is not
/// NULL, for `ulValueLen` bytes.
unsafe fn tell(object: &Object, place: *mut CK_ATTRIBUTE) -> Outcome<()> {
    // SAFETY: the caller's promise.
    let mut attribute = unsafe { place.read_unaligned() };
    let outcome = match object.attribute(attribute.type_) {
        Attribute::Value(value) if attribute.pValue.is_null() => {
            attribute.ulValueLen = number(value.len());
            Ok(())
        }
        Attribute::Value(value)
            if length(attribute.ulValueLen).is_ok_and(|room| room >= value.len()) =>
        {
            let to = attribute.pValue.cast::<u8>();
            // SAFETY: not NULL, and the room was just seen to be enough. The
            // value is ours, so the two don't overlap.
            unsafe { to.copy_from_nonoverlapping(value.as_ptr(), value.len()) };
            attribute.ulValueLen = number(value.len());
            Ok(())
        }
        Attribute::Value(_) => Err(ReturnValue::BufferTooSmall),
        Attribute::Sensitive => Err(ReturnValue::AttributeSensitive),
        Attribute::Unknown => Err(ReturnValue::AttributeTypeInvalid),
    };
    if outcome.is_err() {
        attribute.ulValueLen = ck::CK_UNAVAILABLE_INFORMATION;
    }
    // SAFETY: the caller's promise.
    unsafe { put(place, attribute) }?;
    outcome
}

pub unsafe extern "C" fn C_FindObjectsInit(
    session: CK_SESSION_HANDLE,
    template: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
) -> CK_RV {
    call("C_FindObjectsInit", || {
        let module = Module::current()?;
        let session = module.session(session)?;
        // SAFETY: the caller's promise.
        let template = unsafe { values(template, count) }?;
        let mut operations = lock(&session.operations);
        if operations.search.is_some() {
            return Err(ReturnValue::OperationActive);
        }
        let found: Vec<CK_OBJECT_HANDLE> = session
            .contents
            .iter()
            .filter(|(_, object)| object.matches(&template) && module.shows(&session, object))
            .map(|(handle, _)| handle)
            .collect();
        operations.search = Some(found.into_iter());
        Ok(())
    })
}

/// The values of a template.
///
/// # Safety
/// As for an array of `count`, and each `pValue` is NULL or can be read for
/// `ulValueLen` bytes.
unsafe fn values(
    template: *const CK_ATTRIBUTE,
    count: CK_ULONG,
) -> Outcome<Vec<(CK_ATTRIBUTE_TYPE, Vec<u8>)>> {
    if count > TEMPLATE_MAX {
        return Err(ReturnValue::ArgumentsBad);
    }
    // SAFETY: the caller's promise.
    let template = unsafe { list(template, count) }?;
    template
        .iter()
        .map(|attribute| {
            let first = attribute.pValue.cast::<u8>().cast_const();
            // SAFETY: the caller's promise.
            let value = unsafe { list(first, attribute.ulValueLen) }?;
            Ok((attribute.type_, value.to_vec()))
        })
        .collect()
}

pub unsafe extern "C" fn C_FindObjects(
    session: CK_SESSION_HANDLE,
    objects: *mut CK_OBJECT_HANDLE,
    room: CK_ULONG,
    count: *mut CK_ULONG,
) -> CK_RV {
    call("C_FindObjects", || {
        let session = Module::current()?.session(session)?;
        let mut operations = lock(&session.operations);
        let search = operations
            .search
            .as_mut()
            .ok_or(ReturnValue::OperationNotInitialized)?;
        if count.is_null() || (objects.is_null() && room > 0) {
            return Err(ReturnValue::ArgumentsBad);
        }
        let mut found = 0;
        for handle in search.by_ref().take(length(room)?) {
            // SAFETY: the caller has promised room for more than this.
            unsafe { put(objects.add(found), handle) }?;
            found += 1;
        }
        // SAFETY: the caller's promise.
        unsafe { put(count, number(found)) }
    })
}

pub unsafe extern "C" fn C_FindObjectsFinal(session: CK_SESSION_HANDLE) -> CK_RV {
    call("C_FindObjectsFinal", || {
        let session = Module::current()?.session(session)?;
        let ended = lock(&session.operations).search.take();
        ended.map(drop).ok_or(ReturnValue::OperationNotInitialized)
    })
}
