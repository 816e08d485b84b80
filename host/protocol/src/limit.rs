//! The limits of the document's first table.

/// The version of the messages, told in `hello`.
pub const PROTOCOL_VERSION: u32 = 1;

/// Bytes of one message to the host.
pub const MESSAGE_TO_HOST_MAX: usize = 65_536;
/// Bytes of one message to the extension; browsers stop at 1 MiB.
pub const MESSAGE_TO_EXTENSION_MAX: usize = 1_000_000;
/// Characters of an origin.
pub const ORIGIN_MAX: usize = 255;
/// Characters of a challenge nonce, at least.
pub const NONCE_MIN: usize = 44;
/// Characters of a challenge nonce, at most.
pub const NONCE_MAX: usize = 128;
/// Bytes of a certificate in DER.
pub const CERTIFICATE_MAX: usize = 16_384;
/// Characters of a PIN, at least.
pub const PIN_MIN: usize = 4;
/// Characters of a PIN, at most.
pub const PIN_MAX: usize = 16;
/// Characters of any text that comes from a card.
pub const TEXT_MAX: usize = 128;
/// Certificates in one list.
pub const CERTIFICATES_MAX: usize = 64;
/// Readers or tokens in one list.
pub const TOKENS_MAX: usize = 16;
/// Requests that wait for the card at one time.
pub const WAITING_MAX: usize = 32;
/// Sites that hold a grant.
pub const GRANTS_MAX: usize = 1_000;
/// Seconds that a login for TLS may last, idle or not.
pub const LOGIN_IDLE_MAX: usize = 28_800;

/// Every limit by its name in the document.
pub const ALL: &[(&str, usize)] = &[
    ("MESSAGE_TO_HOST_MAX", MESSAGE_TO_HOST_MAX),
    ("MESSAGE_TO_EXTENSION_MAX", MESSAGE_TO_EXTENSION_MAX),
    ("ORIGIN_MAX", ORIGIN_MAX),
    ("NONCE_MIN", NONCE_MIN),
    ("NONCE_MAX", NONCE_MAX),
    ("CERTIFICATE_MAX", CERTIFICATE_MAX),
    ("PIN_MIN", PIN_MIN),
    ("PIN_MAX", PIN_MAX),
    ("TEXT_MAX", TEXT_MAX),
    ("CERTIFICATES_MAX", CERTIFICATES_MAX),
    ("TOKENS_MAX", TOKENS_MAX),
    ("WAITING_MAX", WAITING_MAX),
    ("GRANTS_MAX", GRANTS_MAX),
    ("LOGIN_IDLE_MAX", LOGIN_IDLE_MAX),
];
