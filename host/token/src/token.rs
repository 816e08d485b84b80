//! What any token can do, whoever made it.

use serde::{Deserialize, Serialize};

use crate::algorithm::{HashFunction, SignatureAlgorithm};
use crate::certificate::{Certificate, CertificateError};
use crate::error::{TokenError, ValidPin};
use crate::key::KeyKind;
use crate::layout::Layout;
use crate::pin::{Pin, PinStatus};
use kagibashi_card::scp01::Mode;

/// A token held open: nobody else talks to it while this lives, except in a [pause](Self::pause).
///
/// Dropping it lets go; if a PIN was given meanwhile the card is reset, so that the next program
/// finds it without login.
pub trait Token: Send {
    /// What the token is.
    fn info(&mut self) -> Result<TokenInfo, TokenError>;

    /// How its files are arranged; `None` if only its vendor's module knows.
    /// [`TokenError::NotInitialised`] if in no way that is known.
    fn layout(&mut self) -> Result<Option<Layout>, TokenError>;

    /// All certificates, in the order of the card's directory. Read once, then remembered. One odd
    /// certificate or directory record does not keep the others from the list.
    fn certificates(&mut self) -> Result<Vec<TokenCertificate>, TokenError>;

    /// How many tries are left. No login, and no try is spent.
    fn pin_status(&mut self) -> Result<PinStatus, TokenError>;

    /// The same when it was asked before, for this token or for another that stands for the same
    /// one: only the tries are asked for anew. The user PIN is taken for the one that usually is.
    fn pin_status_again(&mut self, earlier: PinStatus) -> Result<PinStatus, TokenError>;

    /// Refuses a token other than the one the key was found on.
    fn check_holds(&mut self, key: &KeyHandle) -> Result<(), TokenError>;

    /// Gives the PIN, once: whatever goes wrong, it is not sent a second time.
    fn login(&mut self, pin: &Pin) -> Result<LoggedIn<'_>, TokenError>;

    /// The same for a remembered key: another token than its own is refused before the PIN is sent.
    fn login_for(&mut self, key: &KeyHandle, pin: &Pin) -> Result<LoggedIn<'_>, TokenError> {
        self.check_holds(key)?;
        self.login(pin)
    }

    /// Checks a PIN and logs out again. A wrong one spends a try.
    fn verify_pin(&mut self, pin: &Pin) -> Result<(), TokenError>;

    /// Gives the PIN, once, and keeps the login beyond the moment: other programs can use the card
    /// between the signatures, and find no login there.
    ///
    /// That they find none is due to secure messaging, to whose session the login belongs. On a card
    /// without it this is [`TokenError::LoginUnprotected`], and the PIN is not sent.
    fn log_in(self: Box<Self>, pin: &Pin) -> Result<KeptLogin, TokenError>;

    /// Lets other programs use the card, as it is, until this one needs it again: the next method
    /// with something to ask the card takes hold of it by itself, waiting as
    /// [`Tokens::open`](crate::Tokens::open) does. What is known is kept, and so is the session with
    /// the card, unless another program ended it; a new one is opened then.
    ///
    /// If a PIN was given meanwhile the card is reset first.
    fn pause(&mut self);

    /// Replaces the PIN; the new one is proved before this returns, and the token is left without
    /// login. A wrong `current` is [`TokenError::PinWrong`]; after any later failure
    /// [`TokenError::PinChange`] says which PIN is valid.
    fn change_pin(&mut self, current: &Pin, new: &Pin) -> Result<(), TokenError>;

    /// How many tries of the PUK are left. No login, and no try is spent. [`TokenError::NoPuk`] if
    /// there is none.
    fn puk_status(&mut self) -> Result<PinStatus, TokenError>;

    /// Sets a new PIN with the PUK, be the old one locked or not; the rest as
    /// [`change_pin`](Self::change_pin). A wrong PUK is [`TokenError::PukWrong`].
    fn unblock_pin(&mut self, puk: &Pin, new: &Pin) -> Result<(), TokenError>;

    /// Finds out which PIN is valid after a change that ended with [`ValidPin::Unknown`]; `current`
    /// is `None` after an unblocking. The token is left without login.
    ///
    /// The new PIN is tried first. If the old one is right then, the card has given the try back;
    /// with a single try left, nothing is tried.
    fn find_valid_pin(&mut self, current: Option<&Pin>, new: &Pin) -> Result<ValidPin, TokenError>;
}

/// What a token is. It can be stored, but for how the exchange is protected: each session has its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenInfo {
    /// The name its owner gave it; may be empty.
    pub label: String,
    /// Serial number in upper-case hexadecimal.
    pub serial: String,
    /// Who set it up, by the token's own word; may be empty.
    pub manufacturer: String,
    /// Such as `ePass2003`.
    pub model: String,
    /// Firmware version, such as `01.00.11`; read from the ATR.
    pub firmware: String,
    /// The reader it is in.
    pub reader: String,
    /// How its files are arranged; `None` if only its vendor's module knows.
    pub layout: Option<Layout>,
    /// How the exchange is protected; `None` if it goes in the clear.
    #[serde(skip)]
    pub secure_messaging: Option<Mode>,
}

/// A certificate on a token.
#[derive(Clone, Debug)]
pub struct TokenCertificate {
    /// The certificate as it is on the card.
    pub der: Vec<u8>,
    /// The name in the card's directory; may be empty.
    pub label: String,
    /// The PKCS#15 identifier that it shares with its key.
    pub id: Vec<u8>,
    /// Whether the directory calls it the certificate of an authority.
    pub authority: bool,
    /// Whether its private key is on the token.
    pub has_private_key: bool,
    /// What to sign with; `None` without a private key, or with one that no algorithm of ours can
    /// use.
    pub key: Option<KeyHandle>,
    /// What it says, as far as it can be read.
    pub parsed: Result<Certificate, CertificateError>,
}

/// A private key that can be found again in a later session without listing certificates. It holds
/// nothing secret and can be stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct KeyHandle {
    /// The reader the token was in.
    pub reader: String,
    /// The token's serial number in upper-case hexadecimal.
    pub serial: String,
    /// What the driver calls the key; for ePass2003 its file id.
    pub reference: u16,
    /// What kind of key it is.
    #[serde(flatten)]
    pub kind: KeyKind,
    /// `SubjectPublicKeyInfo` in DER, against which each signature is checked.
    pub public_key: Vec<u8>,
}

/// What is signed. A few tokens hash for themselves, and sign nothing but what they have hashed.
#[derive(Clone, Copy, Debug)]
pub enum Signable<'a> {
    /// A whole message.
    Message(&'a [u8]),
    /// What the algorithm's hash function makes of one that is not at hand.
    Digest(&'a [u8]),
}

impl Signable<'_> {
    /// As it is padded and signed.
    pub(crate) fn digest(self, hash_function: HashFunction) -> Vec<u8> {
        match self {
            Self::Message(message) => hash_function.hash(message),
            Self::Digest(digest) => digest.to_vec(),
        }
    }
}

/// The private key operations of a token, open only to [`LoggedIn`] and [`KeptLogin`].
pub(crate) trait PrivateKeys: Send {
    fn sign(
        &mut self,
        key: &KeyHandle,
        algorithm: SignatureAlgorithm,
        content: Signable,
    ) -> Result<Vec<u8>, TokenError>;

    /// Lets other programs use the card until the next signature; the login stays.
    fn pause_with_login(&mut self);

    /// Leaves the card as it is in the end: there is no login any more that a reset would have to
    /// undo.
    fn forget_login(&mut self);
}

/// A token that has accepted its PIN.
pub struct LoggedIn<'token> {
    token: &'token mut dyn PrivateKeys,
}

impl<'token> LoggedIn<'token> {
    pub(crate) fn new(token: &'token mut dyn PrivateKeys) -> Self {
        Self { token }
    }

    /// Signs a digest made with the algorithm's hash function. The signature has been checked
    /// against the key's public half; its length is [`KeyKind::signature_length`].
    pub fn sign(
        &mut self,
        key: &KeyHandle,
        algorithm: SignatureAlgorithm,
        digest: &[u8],
    ) -> Result<Vec<u8>, TokenError> {
        self.token.sign(key, algorithm, Signable::Digest(digest))
    }

    /// The same for whatever there is to sign. A whole message can be signed by more tokens than a
    /// digest.
    pub fn sign_content(
        &mut self,
        key: &KeyHandle,
        algorithm: SignatureAlgorithm,
        content: Signable,
    ) -> Result<Vec<u8>, TokenError> {
        self.token.sign(key, algorithm, content)
    }
}

impl std::fmt::Debug for LoggedIn<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("LoggedIn")
    }
}

/// A token that has accepted its PIN and is let go between signatures.
///
/// The login lasts as long as the session with the card. The first program that opens a session of
/// its own, or resets the card, ends it: the next signature is [`TokenError::SessionStolen`]. The PIN
/// is not kept here, so there is no way back but a new login.
///
/// Dropping it resets the card, unless the login is known to have ended. That waits for another
/// program only moments; the rest is done in the background.
pub struct KeptLogin {
    token: Box<dyn PrivateKeys>,
}

impl KeptLogin {
    pub(crate) fn new(mut token: Box<dyn PrivateKeys>) -> Self {
        token.pause_with_login();
        Self { token }
    }

    /// Signs a digest made with the algorithm's hash function. The signature has been checked
    /// against the key's public half; its length is [`KeyKind::signature_length`].
    ///
    /// Another program in the middle of something is waited for, as when a token is opened;
    /// [`TokenError::ReaderBusy`] does not end the login.
    pub fn sign(
        &mut self,
        key: &KeyHandle,
        algorithm: SignatureAlgorithm,
        digest: &[u8],
    ) -> Result<Vec<u8>, TokenError> {
        let signed = self.token.sign(key, algorithm, Signable::Digest(digest));
        if matches!(signed, Err(TokenError::SessionStolen)) {
            self.token.forget_login();
        }
        self.token.pause_with_login();
        signed
    }
}

impl std::fmt::Debug for KeptLogin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("KeptLogin")
    }
}
