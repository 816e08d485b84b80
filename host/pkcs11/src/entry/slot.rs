//! Slots and tokens (section 5.5 of the standard).

use std::thread;
use std::time::Duration;

use cryptoki_sys as ck;
use cryptoki_sys::{
    CK_BBOOL, CK_FLAGS, CK_MECHANISM_INFO, CK_MECHANISM_TYPE, CK_RV, CK_SLOT_ID, CK_SLOT_INFO,
    CK_TOKEN_INFO, CK_ULONG, CK_VERSION,
};
use kagibashi_protocol::agent::LoginBy;
use kagibashi_protocol::limit::{PIN_MAX, PIN_MIN};
use kagibashi_protocol::object::PinStatus;

use super::general::{MANUFACTURER, version};
use super::{call, hand_out, number, padded, put};
use crate::mechanism;
use crate::return_value::ReturnValue;
use crate::state::Module;
use crate::state::session::SESSIONS_MAX;
use crate::state::slot::{Present, Slots};

/// How often a waiting `C_WaitForSlotEvent` looks.
const LOOK_EVERY: Duration = Duration::from_millis(250);

pub unsafe extern "C" fn C_GetSlotList(
    only_with_token: CK_BBOOL,
    list: *mut CK_SLOT_ID,
    count: *mut CK_ULONG,
) -> CK_RV {
    call("C_GetSlotList", || {
        let module = Module::current()?;
        let all = only_with_token == ck::CK_FALSE;
        if !all {
            module.look();
        }
        let ids: Vec<CK_SLOT_ID> = module.slots(|slots| {
            Slots::ids()
                .filter(|id| all || matches!(slots.present(*id), Ok(Some(_))))
                .collect()
        });
        // SAFETY: the caller's promise.
        unsafe { hand_out(&ids, list, count) }
    })
}

pub unsafe extern "C" fn C_GetSlotInfo(slot: CK_SLOT_ID, info: *mut CK_SLOT_INFO) -> CK_RV {
    call("C_GetSlotInfo", || {
        let module = Module::current()?;
        module.look();
        let present = module.slots(|slots| slots.present(slot).map(Option::<&Present>::cloned))?;
        let mut flags = ck::CKF_REMOVABLE_DEVICE | ck::CKF_HW_SLOT;
        let description = match &present {
            Some(present) => {
                flags |= ck::CKF_TOKEN_PRESENT;
                present.token.reader.to_string()
            }
            None => format!("{MANUFACTURER} {}", slot + 1),
        };
        let value = CK_SLOT_INFO {
            slotDescription: padded(&description),
            manufacturerID: padded(MANUFACTURER),
            flags,
            hardwareVersion: CK_VERSION::default(),
            firmwareVersion: version(),
        };
        // SAFETY: the caller's promise.
        unsafe { put(info, value) }
    })
}

pub unsafe extern "C" fn C_GetTokenInfo(slot: CK_SLOT_ID, info: *mut CK_TOKEN_INFO) -> CK_RV {
    call("C_GetTokenInfo", || {
        let module = Module::current()?;
        module.look();
        let present = module.present(slot)?;
        let sessions = number(module.session_count(slot));
        // SAFETY: the caller's promise.
        unsafe { put(info, token_info(&present, sessions)) }
    })
}

fn token_info(present: &Present, sessions: CK_ULONG) -> CK_TOKEN_INFO {
    let token = &present.token;
    let unknown = ck::CK_UNAVAILABLE_INFORMATION;
    // A longer serial number keeps the end, which is what tells tokens apart.
    let serial = token.serial.as_str();
    let start = serial.ceil_char_boundary(serial.len().saturating_sub(16));
    CK_TOKEN_INFO {
        label: padded(token.label.as_str()),
        manufacturerID: padded(token.manufacturer.as_str()),
        model: padded(token.model.as_str()),
        serialNumber: padded(&serial[start..]),
        flags: ck::CKF_TOKEN_INITIALIZED
            | if present.is_write_protected() {
                ck::CKF_WRITE_PROTECTED
            } else {
                0
            }
            | login_flags(present.login, token.pin),
        ulMaxSessionCount: number(SESSIONS_MAX),
        ulSessionCount: sessions,
        ulMaxRwSessionCount: if present.is_write_protected() {
            0
        } else {
            number(SESSIONS_MAX)
        },
        ulRwSessionCount: unknown,
        ulMaxPinLen: number(PIN_MAX),
        ulMinPinLen: number(PIN_MIN),
        ulTotalPublicMemory: unknown,
        ulFreePublicMemory: unknown,
        ulTotalPrivateMemory: unknown,
        ulFreePrivateMemory: unknown,
        hardwareVersion: CK_VERSION::default(),
        firmwareVersion: firmware(token.firmware.as_ref().map_or("", |text| text.as_str())),
        utcTime: padded(""),
    }
}

/// With a window of our own the browser must believe that there is no PIN, or
/// it would ask for it itself.
fn login_flags(login: LoginBy, pin: PinStatus) -> CK_FLAGS {
    if login == LoginBy::Window {
        return 0;
    }
    let mut flags = ck::CKF_LOGIN_REQUIRED | ck::CKF_USER_PIN_INITIALIZED;
    if pin.locked {
        return flags | ck::CKF_USER_PIN_LOCKED;
    }
    if let Some(left) = pin.tries_left {
        if left == 1 {
            flags |= ck::CKF_USER_PIN_FINAL_TRY;
        }
        if pin.maximum.map_or(left == 1, |maximum| left < maximum) {
            flags |= ck::CKF_USER_PIN_COUNT_LOW;
        }
    }
    flags
}

/// The first two numbers of a version such as `01.00.11`.
fn firmware(version: &str) -> CK_VERSION {
    let mut numbers = version.split('.').map(|part| part.parse().unwrap_or(0));
    CK_VERSION {
        major: numbers.next().unwrap_or(0),
        minor: numbers.next().unwrap_or(0),
    }
}

pub unsafe extern "C" fn C_GetMechanismList(
    slot: CK_SLOT_ID,
    list: *mut CK_MECHANISM_TYPE,
    count: *mut CK_ULONG,
) -> CK_RV {
    call("C_GetMechanismList", || {
        let present = Module::current()?.present(slot)?;
        let mechanisms = present.contents.mechanisms(present.login);
        // SAFETY: the caller's promise.
        unsafe { hand_out(&mechanisms, list, count) }
    })
}

pub unsafe extern "C" fn C_GetMechanismInfo(
    slot: CK_SLOT_ID,
    kind: CK_MECHANISM_TYPE,
    info: *mut CK_MECHANISM_INFO,
) -> CK_RV {
    call("C_GetMechanismInfo", || {
        let present = Module::current()?.present(slot)?;
        if !present.contents.mechanisms(present.login).contains(&kind) {
            return Err(ReturnValue::MechanismInvalid);
        }
        // SAFETY: the caller's promise.
        unsafe { put(info, mechanism::info(kind)) }
    })
}

pub unsafe extern "C" fn C_WaitForSlotEvent(
    flags: CK_FLAGS,
    slot: *mut CK_SLOT_ID,
    reserved: ck::CK_VOID_PTR,
) -> CK_RV {
    call("C_WaitForSlotEvent", || {
        let module = Module::current()?;
        if slot.is_null() || !reserved.is_null() {
            return Err(ReturnValue::ArgumentsBad);
        }
        loop {
            module.look();
            if let Some(id) = module.slots(Slots::take_event) {
                // SAFETY: the caller's promise.
                return unsafe { put(slot, id) };
            }
            if flags & ck::CKF_DONT_BLOCK != 0 {
                return Err(ReturnValue::NoEvent);
            }
            thread::sleep(LOOK_EVERY);
            if !module.is_open() {
                return Err(ReturnValue::CryptokiNotInitialized);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_tell_of_the_pin_only_to_programs_that_ask_for_it() {
        let pin = |left: Option<u8>, maximum: Option<u8>, locked: bool| PinStatus {
            tries_left: left,
            maximum,
            locked,
        };
        let ready = ck::CKF_LOGIN_REQUIRED | ck::CKF_USER_PIN_INITIALIZED;
        for (status, more) in [
            (pin(None, None, false), 0),
            (pin(Some(10), Some(10), false), 0),
            (pin(Some(9), Some(10), false), ck::CKF_USER_PIN_COUNT_LOW),
            (pin(Some(9), None, false), 0),
            (
                pin(Some(1), Some(10), false),
                ck::CKF_USER_PIN_COUNT_LOW | ck::CKF_USER_PIN_FINAL_TRY,
            ),
            (
                pin(Some(1), None, false),
                ck::CKF_USER_PIN_COUNT_LOW | ck::CKF_USER_PIN_FINAL_TRY,
            ),
            (pin(Some(0), Some(10), true), ck::CKF_USER_PIN_LOCKED),
        ] {
            assert_eq!(
                login_flags(LoginBy::Module, status),
                ready | more,
                "{status:?}"
            );
            assert_eq!(login_flags(LoginBy::Window, status), 0);
        }
    }

    #[test]
    fn versions_have_two_numbers() {
        for (text, major, minor) in [
            ("01.00.11", 1, 0),
            ("2.7", 2, 7),
            ("", 0, 0),
            ("x.300", 0, 0),
        ] {
            let version = firmware(text);
            assert_eq!((version.major, version.minor), (major, minor), "{text}");
        }
    }
}
