//! Slots and the tokens in them.

use cryptoki_sys as ck;

/// The number of a slot. It means nothing beyond the process it was told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(pub(crate) ck::CK_SLOT_ID);

/// What a slot is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotInfo {
    /// What the module calls it: often the name of a PC/SC reader, cut after 64 bytes.
    pub description: String,
    /// Who made it.
    pub manufacturer: String,
    /// It is a device, and not software alone.
    pub hardware: bool,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenInfo {
    /// The name its owner gave it.
    pub label: String,
    /// Who made it.
    pub manufacturer: String,
    /// What it is.
    pub model: String,
    /// Its serial number, as the module writes it; may be empty.
    pub serial: String,
    /// Major and minor version of the firmware.
    pub firmware: (u8, u8),
    /// The flags that matter here.
    pub flags: TokenFlags,
}

/// Flags of a token (PKCS#11 version 2.40, section 3.2, table 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "they are flags")]
pub struct TokenFlags {
    /// `CKF_TOKEN_INITIALIZED`
    pub initialized: bool,
    /// `CKF_LOGIN_REQUIRED`
    pub login_required: bool,
    /// `CKF_USER_PIN_INITIALIZED`
    pub pin_initialized: bool,
    /// `CKF_PROTECTED_AUTHENTICATION_PATH`
    pub pin_pad: bool,
    /// `CKF_USER_PIN_COUNT_LOW`
    pub pin_count_low: bool,
    /// `CKF_USER_PIN_FINAL_TRY`
    pub pin_final_try: bool,
    /// `CKF_USER_PIN_LOCKED`
    pub pin_locked: bool,
}

impl From<ck::CK_SLOT_INFO> for SlotInfo {
    fn from(info: ck::CK_SLOT_INFO) -> Self {
        Self {
            description: text(&info.slotDescription),
            manufacturer: text(&info.manufacturerID),
            hardware: info.flags & ck::CKF_HW_SLOT != 0,
        }
    }
}

impl From<ck::CK_TOKEN_INFO> for TokenInfo {
    fn from(info: ck::CK_TOKEN_INFO) -> Self {
        let has = |flag| info.flags & flag != 0;
        Self {
            label: text(&info.label),
            manufacturer: text(&info.manufacturerID),
            model: text(&info.model),
            serial: text(&info.serialNumber),
            firmware: (info.firmwareVersion.major, info.firmwareVersion.minor),
            flags: TokenFlags {
                initialized: has(ck::CKF_TOKEN_INITIALIZED),
                login_required: has(ck::CKF_LOGIN_REQUIRED),
                pin_initialized: has(ck::CKF_USER_PIN_INITIALIZED),
                pin_pad: has(ck::CKF_PROTECTED_AUTHENTICATION_PATH),
                pin_count_low: has(ck::CKF_USER_PIN_COUNT_LOW),
                pin_final_try: has(ck::CKF_USER_PIN_FINAL_TRY),
                pin_locked: has(ck::CKF_USER_PIN_LOCKED),
            },
        }
    }
}

/// A text of fixed length, padded with spaces. Some modules end it with NUL, and some write other
/// than UTF-8.
pub fn text(bytes: &[u8]) -> String {
    let end = bytes
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(bytes.len());
    let whole = String::from_utf8_lossy(&bytes[..end]);
    let printable = whole.chars().filter(|letter| !letter.is_control());
    printable.collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_lose_what_is_no_text() {
        let cases: [(&[u8], &str); 6] = [
            (b"SoftHSM slot    ", "SoftHSM slot"),
            (b"ended\0rubbish", "ended"),
            (b"\0\0\0\0", ""),
            (b"a\x1b[31mb\r\n", "a[31mb"),
            ("鍵\u{3000}".as_bytes(), "鍵"),
            (b"\x8c\xae ", "\u{FFFD}\u{FFFD}"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(text(bytes), expected);
        }
    }
}
