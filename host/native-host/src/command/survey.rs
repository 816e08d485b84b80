//! A look at every token that is plugged in: what it is, what it holds, how
//! many tries its PIN has left. No login, no try spent.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use kagibashi_card::cancel::Cancel;
use kagibashi_protocol::limit::{CERTIFICATES_MAX, TOKENS_MAX};
use kagibashi_protocol::message::Outcome;
use kagibashi_protocol::object::{self, CertificateState};
use kagibashi_protocol::{ErrorCode, Failure, Text};
use kagibashi_token::certificate::{KeyUsage, Name};
use kagibashi_token::{
    Certificate, KeyHandle, KeyKind, PinStatus, Reader, ReaderState, SecureMessagingMode, Token,
    TokenCertificate, TokenError, TokenInfo, Tokens, Usability,
};
use sha2::{Digest, Sha256};

use crate::failure;
use crate::inventory::Inventory;
use crate::vendor_modules;

/// Everything that was seen.
#[derive(Default)]
pub struct Survey {
    /// Every reader.
    pub readers: Vec<Reader>,
    /// Every token that could be read.
    pub tokens: Vec<object::Token>,
    /// Tokens that are asked for.
    pub absent: Vec<object::Token>,
    /// Every certificate on them.
    pub certificates: Vec<Found>,
    /// What stood in the way of the others, or of all.
    pub trouble: Option<ErrorCode>,
    /// What they say they are.
    infos: Vec<TokenInfo>,
    /// By reader: the tokens that were read, let go for now.
    pub paused: HashMap<String, Box<dyn Token>>,
}

/// How a token is treated that was read when it came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Care {
    /// It may have been rewritten since by another program: no reader tells of that.
    Read,
    /// It is asked for nothing but the tries of its PIN.
    AskForTries,
    /// It is asked for nothing.
    LeaveAlone,
}

/// What one token is and holds, without what changes from moment to moment.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The same for the same token in any reader.
    pub id: Text,
    /// What it is.
    pub info: TokenInfo,
    /// What its PIN was like when it was read.
    pub pin: PinStatus,
    /// Its certificates, in the order of the card.
    pub certificates: Vec<Found>,
}

/// A certificate on a token.
#[derive(Clone, Debug)]
pub struct Found {
    /// As a person sees it.
    pub shown: object::Certificate,
    /// The name in the card's directory; may be empty.
    pub label: String,
    /// As it is on the card.
    pub der: Vec<u8>,
    /// What it says, if it can be read.
    pub parsed: Option<Certificate>,
    /// What to sign with.
    pub key: Option<KeyHandle>,
    /// Its purposes allow signing documents.
    pub can_sign: bool,
}

impl Reading {
    /// Reads a token from its first byte to its last certificate.
    pub fn take(token: &mut dyn Token) -> Result<Self, TokenError> {
        let info = token.info()?;
        let certificates = token.certificates()?;
        Ok(Self::of(info, token.pin_status()?, certificates))
    }

    /// What was read of a token, as a person sees it now.
    pub fn of(info: TokenInfo, pin: PinStatus, certificates: Vec<TokenCertificate>) -> Self {
        let id = Text::from(format!("{}:{}", info.model, info.serial));
        let now = now();
        let found = certificates
            .into_iter()
            .take(CERTIFICATES_MAX)
            .map(|certificate| Found::new(id.as_str(), certificate, now));
        let certificates = each_once(found);
        Self {
            id,
            info,
            pin,
            certificates,
        }
    }

    /// Whether this is left out beside that one: both are the same token, which
    /// a module and our own driver have read, and the person wants the other's.
    pub fn gives_way_to(&self, other: &TokenInfo) -> bool {
        gives_way(&self.info, other)
    }

    /// The token as a window shows it.
    pub fn token_shown(&self) -> object::Token {
        token_shown(self.id.clone(), self.info.clone(), self.pin)
    }
}

impl Survey {
    /// Reads all tokens. `reading` is told each reader before it is looked at.
    /// A login ends, as reading its token ends it; when it is known which token
    /// is `wanted`, those of the others stay.
    ///
    /// Trouble with one token is written down and does not hide the others;
    /// the only failure is `cancel`.
    pub fn take(
        wanted: Option<&Text>,
        cancel: &Cancel,
        inventory: &Inventory,
        reading: impl FnMut(&str) -> Result<(), Failure>,
    ) -> Result<Self, Failure> {
        let care = |reader: &str| spare_others(wanted, inventory, reader, Care::Read);
        Self::look_around(&care, cancel, inventory, reading)
    }

    /// The same for who has seen what is on the tokens, and chosen: one that the
    /// inventory knows is asked for its tries alone.
    pub fn of_tries(
        wanted: Option<&Text>,
        cancel: &Cancel,
        inventory: &Inventory,
        reading: impl FnMut(&str) -> Result<(), Failure>,
    ) -> Result<Self, Failure> {
        let care = |reader: &str| spare_others(wanted, inventory, reader, Care::AskForTries);
        Self::look_around(&care, cancel, inventory, reading)
    }

    /// The same for who only wants to know: a token with a login is taken for
    /// what it was when it was read, as asking it anything would end that.
    pub fn in_passing(cancel: &Cancel, inventory: &Inventory) -> Result<Self, Failure> {
        let care = |reader: &str| {
            if inventory.is_logged_in(reader) {
                Care::LeaveAlone
            } else {
                Care::Read
            }
        };
        Self::look_around(&care, cancel, inventory, |_| Ok(()))
    }

    fn look_around(
        care: &dyn Fn(&str) -> Care,
        cancel: &Cancel,
        inventory: &Inventory,
        mut reading: impl FnMut(&str) -> Result<(), Failure>,
    ) -> Result<Self, Failure> {
        let mut survey = Self::default();
        let tokens = match vendor_modules::tokens() {
            Ok(tokens) => tokens,
            Err(error) => return Ok(survey.stopped_by(&error)),
        };
        survey.readers = match tokens.readers() {
            Ok(readers) => readers,
            Err(error) => return Ok(survey.stopped_by(&error)),
        };
        if survey.readers.is_empty() {
            survey.trouble = Some(ErrorCode::NoReader);
        }
        for reader in survey.readers.clone() {
            match reader.state {
                ReaderState::Empty => survey.hindered_by(ErrorCode::NoToken),
                ReaderState::Mute => survey.hindered_by(ErrorCode::MuteToken),
                ReaderState::ModuleFailed => survey.hindered_by(ErrorCode::ModuleFailed),
                ReaderState::Unsupported { .. } => survey.hindered_by(ErrorCode::UnsupportedToken),
                ReaderState::Token { .. } => {
                    reading(&reader.name)?;
                    let known = inventory.known_in_reader(&reader.name);
                    let care = care(&reader.name);
                    if care != Care::LeaveAlone || known.is_none() {
                        inventory.end_login(&reader.name);
                    }
                    let outcome = match (known, care) {
                        (Some(known), Care::LeaveAlone) => {
                            survey.note(known.reading);
                            Ok(())
                        }
                        (Some(known), Care::AskForTries) => {
                            survey.ask_for_tries(&tokens, known.reading, cancel)
                        }
                        (Some(known), Care::Read) => survey
                            .look(&tokens, &reader.name, cancel)
                            .map(|reading| inventory.was_read_again(&known, reading)),
                        (None, _) => survey.look(&tokens, &reader.name, cancel).map(drop),
                    };
                    match outcome {
                        Ok(()) => {}
                        Err(TokenError::Cancelled) => return Err(ErrorCode::Cancelled.into()),
                        Err(error) => {
                            tracing::warn!(%error, "a token could not be read");
                            survey.hindered_by(failure::code_of_token(&error));
                        }
                    }
                }
            }
        }
        Ok(survey)
    }

    fn stopped_by(mut self, error: &TokenError) -> Self {
        self.trouble = Some(failure::code_of_token(error));
        self
    }

    /// Remembers the trouble that says most: an empty reader says least.
    fn hindered_by(&mut self, code: ErrorCode) {
        if self.trouble.is_none_or(|known| known == ErrorCode::NoToken) {
            self.trouble = Some(code);
        }
    }

    fn look(
        &mut self,
        tokens: &Tokens,
        reader: &str,
        cancel: &Cancel,
    ) -> Result<Reading, TokenError> {
        let mut token = tokens.open(reader, cancel)?;
        let reading = Reading::take(token.as_mut())?;
        self.add(token, reading.clone());
        Ok(reading)
    }

    fn ask_for_tries(
        &mut self,
        tokens: &Tokens,
        mut known: Reading,
        cancel: &Cancel,
    ) -> Result<(), TokenError> {
        let mut token = match tokens.open_again(&known.info, cancel) {
            Err(TokenError::WrongToken { .. }) => {
                return self.look(tokens, &known.info.reader, cancel).map(drop);
            }
            opened => opened?,
        };
        known.pin = token.pin_status_again(known.pin)?;
        self.add(token, known);
        Ok(())
    }

    /// Lets the token go for now and keeps what it is and holds.
    fn add(&mut self, mut token: Box<dyn Token>, reading: Reading) {
        token.pause();
        self.paused.insert(reading.info.reader.clone(), token);
        self.note(reading);
    }

    fn note(&mut self, reading: Reading) {
        if self.infos.iter().any(|info| reading.gives_way_to(info)) {
            return;
        }
        let outdone = |info: &TokenInfo| gives_way(info, &reading.info);
        if let Some(outdone) = self.infos.iter().position(outdone) {
            let reader = self.infos.remove(outdone).reader;
            let id = self.tokens.remove(outdone).id;
            self.certificates.retain(|found| found.shown.token != id);
            self.paused.remove(&reader);
        }
        if self.tokens.len() == TOKENS_MAX {
            return;
        }
        let Reading {
            id,
            info,
            pin,
            certificates,
        } = reading;
        self.infos.push(info.clone());
        self.tokens.push(token_shown(id, info, pin));
        let room = CERTIFICATES_MAX - self.certificates.len();
        self.certificates
            .extend(certificates.into_iter().take(room));
    }

    /// The tokens and certificates of a `certificates` command.
    pub fn into_outcome(self) -> Outcome {
        Outcome::Certificates {
            certificates: self
                .certificates
                .into_iter()
                .map(|found| found.shown)
                .collect(),
            tokens: self.tokens,
        }
    }

    /// The token of that id.
    pub fn token(&self, id: &Text) -> Option<&object::Token> {
        self.tokens.iter().find(|token| token.id == *id)
    }

    /// Whether the token of that id is plugged in; the failure says what is
    /// there instead.
    pub fn check_holds(&self, id: &Text) -> Result<(), Failure> {
        if self.token(id).is_some() {
            return Ok(());
        }
        Err(match self.trouble {
            _ if !self.tokens.is_empty() => ErrorCode::OtherToken,
            None | Some(ErrorCode::NoToken | ErrorCode::NoReader) => ErrorCode::TokenRemoved,
            Some(code) => code,
        }
        .into())
    }

    /// Notes what a login said about a token's PIN.
    pub fn note_pin(&mut self, id: &Text, status: object::PinStatus) {
        if let Some(token) = self.tokens.iter_mut().find(|token| token.id == *id) {
            token.pin = status;
        }
    }
}

/// A module may call the reader of a token by a name of its own: then the serial
/// number alone tells that it is one that our own driver has read, too.
fn gives_way(token: &TokenInfo, to: &TokenInfo) -> bool {
    let same = !token.serial.is_empty() && token.serial.eq_ignore_ascii_case(&to.serial);
    same && match (token.layout, to.layout) {
        (None, Some(_)) => !vendor_modules::is_before_own(&token.reader),
        (Some(_), None) => vendor_modules::is_before_own(&to.reader),
        _ => false,
    }
}

/// A token that is not the wanted one keeps its login.
fn spare_others(wanted: Option<&Text>, inventory: &Inventory, reader: &str, care: Care) -> Care {
    let known = inventory.in_reader(reader);
    let another = wanted.is_some_and(|id| known.is_some_and(|known| known.id != *id));
    if another && inventory.is_logged_in(reader) {
        Care::LeaveAlone
    } else {
        care
    }
}

/// A token as a window shows it.
pub fn token_shown(id: Text, info: TokenInfo, pin: PinStatus) -> object::Token {
    object::Token {
        id,
        reader: info.reader.into(),
        label: info.label.into(),
        serial: info.serial.into(),
        manufacturer: info.manufacturer.into(),
        model: info.model.into(),
        firmware: (!info.firmware.is_empty()).then(|| info.firmware.into()),
        pin: pin_shown(pin),
        can_unblock: pin.can_unblock,
        pin_pad: pin.pad,
        layout: info
            .layout
            .map_or_else(|| Text::new("PKCS#11"), |it| it.to_string().into()),
        mode: info.secure_messaging.map(|mode| match mode {
            SecureMessagingMode::Aes => object::SecureMessagingMode::Aes,
            SecureMessagingMode::Cmac => object::SecureMessagingMode::Cmac,
            SecureMessagingMode::TripleDes => object::SecureMessagingMode::TripleDes,
        }),
        // No token of ours tells how much of its memory is free.
        memory: None,
    }
}

/// A PIN's state as a window shows it.
pub fn pin_shown(status: PinStatus) -> object::PinStatus {
    object::PinStatus {
        tries_left: status.tries_left,
        maximum: status.maximum,
        locked: status.locked,
    }
}

/// A certificate may be in two files of a token; of the two, the one that has a
/// key is of use.
fn each_once(found: impl Iterator<Item = Found>) -> Vec<Found> {
    let mut all: Vec<Found> = Vec::new();
    for one in found {
        match all.iter_mut().find(|other| other.shown.id == one.shown.id) {
            Some(other) if other.key.is_none() => *other = one,
            Some(_) => {}
            None => all.push(one),
        }
    }
    all
}

impl Found {
    fn new(token: &str, certificate: TokenCertificate, now: i64) -> Self {
        let mut shown = object::Certificate {
            id: hex::encode(Sha256::digest(&certificate.der)),
            token: Text::new(token),
            holder: Text::new(&certificate.label),
            organisation: None,
            certificate_id: None,
            issuer: Text::default(),
            serial: Text::default(),
            not_before: 0,
            not_after: 0,
            state: CertificateState::Unreadable,
            can_authenticate: false,
        };
        let mut can_sign = false;
        if let Ok(parsed) = &certificate.parsed {
            can_sign = may_sign(parsed);
            shown.can_authenticate = may_authenticate(parsed);
            shown.holder = name_shown(&parsed.subject, &certificate.label);
            shown.organisation = parsed.subject.organization.as_deref().map(Text::new);
            shown.certificate_id = parsed.certificate_id.as_deref().map(Text::new);
            shown.issuer = name_shown(&parsed.issuer, "");
            shown.serial = Text::new(&parsed.serial);
            shown.not_before = parsed.not_before;
            shown.not_after = parsed.not_after;
            shown.state = match parsed.usability(certificate.has_private_key, now) {
                Usability::Authority => CertificateState::Authority,
                Usability::NoPrivateKey => CertificateState::NoPrivateKey,
                _ if certificate.key.is_none() => match parsed.key_kind() {
                    Some(KeyKind::Rsa(_)) => CertificateState::NoPrivateKey,
                    _ => CertificateState::UnsupportedKey,
                },
                _ if !can_sign && !shown.can_authenticate => CertificateState::WrongPurpose,
                _ if now > parsed.not_after => CertificateState::Expired,
                _ if now < parsed.not_before => CertificateState::NotYetValid,
                _ => CertificateState::Usable,
            };
        }
        Self {
            shown,
            label: certificate.label,
            der: certificate.der,
            parsed: certificate.parsed.ok(),
            key: certificate.key,
            can_sign,
        }
    }
}

/// Purposes that a site's sign-in asks for: those that Web eID's verifiers and
/// TLS servers accept.
fn may_authenticate(certificate: &Certificate) -> bool {
    let within = certificate.not_before;
    certificate.usability(true, within) == Usability::Usable
}

/// Any signing purpose will do for a document; portals judge the rest.
fn may_sign(certificate: &Certificate) -> bool {
    !certificate.is_ca
        && certificate.key_usage.as_ref().is_none_or(|usages| {
            usages.contains(&KeyUsage::DigitalSignature)
                || usages.contains(&KeyUsage::NonRepudiation)
        })
}

/// What a person would call the one who is named.
fn name_shown(name: &Name, otherwise: &str) -> Text {
    let parts = [&name.common_name, &name.organization];
    let first = parts.into_iter().flatten().find(|part| !part.is_empty());
    match first {
        Some(part) => Text::new(part),
        None if otherwise.is_empty() => Text::from(name.to_string()),
        None => Text::new(otherwise),
    }
}

/// Unix seconds.
pub fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}

/// The shortest beginning of an id that may stand for it.
const ID_PREFIX_MIN: usize = 8;

/// Whether what a person typed stands for that id.
pub fn names(prefix: &str, id: &str) -> bool {
    prefix.len() >= ID_PREFIX_MIN && id.starts_with(&prefix.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use kagibashi_card_simulator::personalise::{self, Request};
    use kagibashi_token::certificate::KeyAlgorithm;

    use super::*;

    #[test]
    fn a_key_that_is_there_but_of_a_kind_that_is_not_known_is_said_to_be_that() {
        let issued = personalise::company(&Request::default());
        let der = &issued.clients[0];
        let state = |key_algorithm, has_private_key| {
            let mut parsed = Certificate::from_der(der).unwrap();
            parsed.key_algorithm = key_algorithm;
            let certificate = TokenCertificate {
                der: der.clone(),
                label: String::new(),
                id: vec![],
                authority: false,
                has_private_key,
                key: None,
                parsed: Ok(parsed),
            };
            Found::new("t", certificate, now()).shown.state
        };
        let rsa = KeyAlgorithm::Rsa { bits: 2048 };
        let p256 = KeyAlgorithm::EllipticCurve {
            curve: "1.2.840.10045.3.1.7".into(),
        };
        let ed25519 = KeyAlgorithm::Other("1.3.101.112".into());
        for (key, has_private_key, expected) in [
            (rsa, true, CertificateState::NoPrivateKey),
            (p256.clone(), true, CertificateState::UnsupportedKey),
            (p256, false, CertificateState::NoPrivateKey),
            (ed25519, true, CertificateState::UnsupportedKey),
        ] {
            assert_eq!(state(key, has_private_key), expected);
        }
    }
}
