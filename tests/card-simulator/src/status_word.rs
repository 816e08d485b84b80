//! Status words: how every answer ends.

/// SW1 SW2 of an answer. Names after ISO 7816-4 where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct StatusWord(pub u16);

impl StatusWord {
    /// All went well.
    pub const OK: StatusWord = StatusWord(0x9000);
    /// Mutual authentication failed.
    pub const AUTHENTICATION_FAILED: StatusWord = StatusWord(0x6300);
    /// A length is wrong.
    pub const WRONG_LENGTH: StatusWord = StatusWord(0x6700);
    /// The command does not fit this type of file.
    pub const WRONG_FILE_TYPE: StatusWord = StatusWord(0x6981);
    /// The security level is too low: mostly, the PIN is missing.
    pub const SECURITY_STATUS: StatusWord = StatusWord(0x6982);
    /// The PIN is blocked.
    pub const BLOCKED: StatusWord = StatusWord(0x6983);
    /// Conditions of use; bare, a plain command where secure messaging is required.
    pub const CONDITIONS_OF_USE: StatusWord = StatusWord(0x6985);
    /// No elementary file is selected.
    pub const NO_CURRENT_FILE: StatusWord = StatusWord(0x6986);
    /// Secure messaging objects are missing.
    pub const SM_OBJECT_MISSING: StatusWord = StatusWord(0x6987);
    /// Secure messaging objects are wrong, or there is no session.
    pub const SM_OBJECT_WRONG: StatusWord = StatusWord(0x6988);
    /// The data field is malformed.
    pub const BAD_DATA: StatusWord = StatusWord(0x6A80);
    /// No such file.
    pub const FILE_NOT_FOUND: StatusWord = StatusWord(0x6A82);
    /// No such record.
    pub const RECORD_NOT_FOUND: StatusWord = StatusWord(0x6A83);
    /// Not enough space in the file.
    pub const NO_SPACE: StatusWord = StatusWord(0x6A84);
    /// P1 or P2 is wrong.
    pub const WRONG_PARAMETERS: StatusWord = StatusWord(0x6A86);
    /// The referenced key or environment does not exist.
    pub const REFERENCE_NOT_FOUND: StatusWord = StatusWord(0x6A88);
    /// The file identifier is taken.
    pub const FILE_EXISTS: StatusWord = StatusWord(0x6A89);
    /// The DF name is taken.
    pub const NAME_EXISTS: StatusWord = StatusWord(0x6A8A);
    /// The offset lies outside the file.
    pub const WRONG_OFFSET: StatusWord = StatusWord(0x6B00);
    /// Unknown instruction.
    pub const UNKNOWN_INSTRUCTION: StatusWord = StatusWord(0x6D00);
    /// Unknown class.
    pub const UNKNOWN_CLASS: StatusWord = StatusWord(0x6E00);
    /// Such a key or PIN does not exist; the vendor's own code.
    pub const KEY_NOT_FOUND: StatusWord = StatusWord(0x9403);

    /// Wrong PIN with this many tries left (63Cx).
    pub fn tries_left(tries: u8) -> StatusWord {
        StatusWord(0x63C0 | u16::from(tries & 0x0F))
    }

    /// Le asked for more than the `available` bytes (6Cxx).
    pub fn wrong_le(available: u8) -> StatusWord {
        StatusWord(0x6C00 | u16::from(available))
    }

    /// As sent: SW1 SW2.
    pub fn to_bytes(self) -> [u8; 2] {
        self.0.to_be_bytes()
    }
}
