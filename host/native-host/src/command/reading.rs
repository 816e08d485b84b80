//! What one token is and holds, as it was read.

use kagibashi_protocol::limit::CERTIFICATES_MAX;
use kagibashi_protocol::{Text, object};
use kagibashi_token::{
    PinStatus, SecureMessagingMode, Token, TokenCertificate, TokenError, TokenInfo,
};

use crate::clock::now;
use crate::command::found::Found;
use crate::vendor_modules;

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

    /// The token as a window shows it.
    pub fn token_shown(&self) -> object::Token {
        token_shown(self.id.clone(), self.info.clone(), self.pin)
    }
}

/// Whether a token is left out beside the other: both are the same, which a module
/// and our own driver have read, and the person wants the other's.
///
/// A module may call the reader of a token by a name of its own: then the serial
/// number alone tells that it is one that our own driver has read, too.
pub fn gives_way(token: &TokenInfo, to: &TokenInfo) -> bool {
    let same = !token.serial.is_empty() && token.serial.eq_ignore_ascii_case(&to.serial);
    same && match (token.layout, to.layout) {
        (None, Some(_)) => !vendor_modules::is_before_own(&token.reader),
        (Some(_), None) => vendor_modules::is_before_own(&to.reader),
        _ => false,
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
