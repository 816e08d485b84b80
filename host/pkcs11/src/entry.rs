//! The functions that programs call: pointers in, values out.
//!
//! Here and in the rooms below, and nowhere else, is unsafe code. Whoever
//! calls a C interface has to pass pointers that are valid or NULL; NULL is
//! looked for, for the rest the standard is the caller's promise.
#![allow(unsafe_code, reason = "a C interface can't be written without")]
#![allow(non_snake_case, reason = "the names are the standard's")]

mod function_list;
mod general;
pub mod library;
mod object;
mod session;
mod sign;
mod slot;

use std::panic::{self, AssertUnwindSafe};
use std::slice;
use std::sync::Once;

use cryptoki_sys as ck;
use cryptoki_sys::{CK_RV, CK_ULONG};

use crate::log;
use crate::return_value::{Outcome, ReturnValue};

/// Runs a function; a panic in it is a `CKR_GENERAL_ERROR` and no more.
fn call(name: &str, act: impl FnOnce() -> Outcome<()>) -> CK_RV {
    static SILENCE: Once = Once::new();
    // The standard library would write to stderr, which is the program's. The
    // hook is that of the library's own copy of it.
    SILENCE.call_once(|| panic::set_hook(Box::new(|_| {})));
    let value = match panic::catch_unwind(AssertUnwindSafe(act)) {
        Ok(Ok(())) => ck::CKR_OK,
        Ok(Err(value)) => value.code(),
        Err(_) => ReturnValue::GeneralError.code(),
    };
    log::returned(name, value);
    value
}

/// Puts a value where the caller wants it.
///
/// # Safety
/// `place` is NULL or can be written.
unsafe fn put<T>(place: *mut T, value: T) -> Outcome<()> {
    if place.is_null() {
        return Err(ReturnValue::ArgumentsBad);
    }
    // SAFETY: not NULL, so the caller's promise holds.
    unsafe { place.write_unaligned(value) };
    Ok(())
}

/// The caller's array.
///
/// # Safety
/// `first` is NULL or the first of `count` that can be read for as long as
/// the result is used.
unsafe fn list<'a, T>(first: *const T, count: CK_ULONG) -> Outcome<&'a [T]> {
    let count = length(count)?;
    if count == 0 {
        return Ok(&[]);
    }
    if first.is_null() || count > isize::MAX as usize / size_of::<T>().max(1) {
        return Err(ReturnValue::ArgumentsBad);
    }
    // SAFETY: not NULL, not too long, so the caller's promise holds.
    Ok(unsafe { slice::from_raw_parts(first, count) })
}

/// Hands out a list by the standard's way (section 5.2): to a NULL pointer
/// only its length, to a short buffer too, with `CKR_BUFFER_TOO_SMALL`.
///
/// # Safety
/// `count` is NULL or can be read and written; `first` is NULL or the first of
/// `*count` that can be written.
unsafe fn hand_out<T: Copy>(values: &[T], first: *mut T, count: *mut CK_ULONG) -> Outcome<()> {
    if count.is_null() {
        return Err(ReturnValue::ArgumentsBad);
    }
    // SAFETY: not NULL, so the caller's promise holds.
    let room = unsafe { count.read_unaligned() };
    // SAFETY: as before.
    unsafe { count.write_unaligned(number(values.len())) };
    if first.is_null() {
        return Ok(());
    }
    if length(room)? < values.len() {
        return Err(ReturnValue::BufferTooSmall);
    }
    // SAFETY: the caller has promised as much room as was just seen to be
    // enough. The values are ours, so the two don't overlap.
    unsafe { first.copy_from_nonoverlapping(values.as_ptr(), values.len()) };
    Ok(())
}

fn length(number: CK_ULONG) -> Outcome<usize> {
    usize::try_from(number).map_err(|_| ReturnValue::ArgumentsBad)
}

fn number(length: usize) -> CK_ULONG {
    CK_ULONG::try_from(length).unwrap_or(CK_ULONG::MAX)
}

/// A text in a field of fixed length, padded with blanks and without an end;
/// cut between two characters when it is too long.
fn padded<const LENGTH: usize>(text: &str) -> [u8; LENGTH] {
    let mut field = [b' '; LENGTH];
    let end = text.floor_char_boundary(LENGTH);
    field[..end].copy_from_slice(&text.as_bytes()[..end]);
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_general_error_and_leaves_the_next_call_alone() {
        assert_eq!(call("bad", || panic!("on purpose")), ck::CKR_GENERAL_ERROR);
        assert_eq!(call("good", || Ok(())), ck::CKR_OK);
    }

    #[test]
    fn texts_fill_their_fields() {
        assert_eq!(padded::<4>("ab"), *b"ab  ");
        assert_eq!(padded::<4>("abcdef"), *b"abcd");
        assert_eq!(&padded::<4>("鍵橋"), "鍵 ".as_bytes());
        assert_eq!(padded::<2>(""), *b"  ");
    }

    #[test]
    fn lists_are_handed_out_by_the_standards_way() {
        let values = [1_u8, 2, 3];
        let mut buffer = [0_u8; 4];
        let mut count: CK_ULONG = 99;
        // SAFETY: NULL, or places of the lengths that are told.
        unsafe {
            let none = std::ptr::null_mut();
            assert_eq!(hand_out(&values, none, &raw mut count), Ok(()));
            assert_eq!(count, 3);
            assert_eq!(
                hand_out(&values, buffer.as_mut_ptr(), std::ptr::null_mut()),
                Err(ReturnValue::ArgumentsBad)
            );
            count = 2;
            assert_eq!(
                hand_out(&values, buffer.as_mut_ptr(), &raw mut count),
                Err(ReturnValue::BufferTooSmall)
            );
            assert_eq!((count, buffer), (3, [0; 4]));
            count = 4;
            assert_eq!(
                hand_out(&values, buffer.as_mut_ptr(), &raw mut count),
                Ok(())
            );
            assert_eq!((count, buffer), (3, [1, 2, 3, 0]));
        }
    }
}
