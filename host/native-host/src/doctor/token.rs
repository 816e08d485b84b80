//! Can the tokens be read, is their PIN alive, are their certificates valid?

use std::time::Duration;

use der::DateTime;
use kagibashi_token::{
    Cancel, Certificate, PinStatus, Reader, ReaderState, Token, TokenCertificate, TokenError,
    TokenInfo, Tokens, Usability,
};

use super::finding::Observation;
use super::service::with_sources;
use super::texts;

/// From how many tries on a person should think before typing.
const FEW_TRIES: u8 = 3;
/// How long before its end a certificate should be renewed, in seconds.
const EXPIRING: i64 = 60 * DAY;
const DAY: i64 = 24 * 60 * 60;

/// Looks at what is in all readers but those that are `logged_in`, where it
/// would end the login. `now` is in Unix seconds.
pub fn look(
    tokens: &Tokens,
    readers: &[Reader],
    now: i64,
    logged_in: &dyn Fn(&str) -> bool,
) -> Vec<Observation> {
    let any_token = readers.iter().any(|reader| reader.state.is_token());
    let mut observations: Vec<_> = readers
        .iter()
        .flat_map(|reader| match &reader.state {
            // Told with the modules.
            ReaderState::Empty | ReaderState::ModuleFailed => Vec::new(),
            ReaderState::Mute => vec![texts::TOKEN_MUTE.seen_at(&reader.name)],
            ReaderState::Unsupported { .. } if any_token => {
                vec![texts::TOKEN_OTHER_CARD.seen_at(&reader.name)]
            }
            ReaderState::Unsupported { atr } => {
                let detail = format!("ATR {}", hex::encode_upper(atr));
                vec![
                    texts::TOKEN_UNSUPPORTED
                        .seen_at(&reader.name)
                        .detail(&detail),
                ]
            }
            ReaderState::Token { .. } if logged_in(&reader.name) => {
                vec![texts::TOKEN_LOGGED_IN.seen_at(&reader.name)]
            }
            ReaderState::Token { .. } => match tokens.open(&reader.name, &Cancel::new()) {
                Ok(mut token) => in_token(token.as_mut(), &reader.name, now),
                Err(error) => vec![unreadable(&error, &reader.name)],
            },
        })
        .collect();
    if observations.is_empty() && !readers.is_empty() {
        observations.push(texts::TOKEN_ABSENT.seen());
    }
    observations
}

fn in_token(token: &mut dyn Token, reader: &str, now: i64) -> Vec<Observation> {
    let (info, pin, certificates) = match read(token) {
        Ok(read) => read,
        Err(error) => return vec![unreadable(&error, reader)],
    };
    let label = if info.label.is_empty() {
        info.model.clone()
    } else {
        info.label
    };
    let mut observations = vec![
        texts::TOKEN_GOOD
            .seen_at(reader)
            .with("label", &label)
            .with("model", &info.model)
            .with("serial", &info.serial),
        pin_observation(pin, &label),
    ];
    observations.extend(in_certificates(&certificates, &label, now));
    observations
}

type Contents = (TokenInfo, PinStatus, Vec<TokenCertificate>);

fn read(token: &mut dyn Token) -> Result<Contents, TokenError> {
    let info = token.info()?;
    let pin = match token.pin_status() {
        Err(TokenError::NoPin) => PinStatus::default(),
        status => status?,
    };
    Ok((info, pin, token.certificates()?))
}

fn unreadable(error: &TokenError, reader: &str) -> Observation {
    match error {
        TokenError::CardMute => texts::TOKEN_MUTE.seen_at(reader),
        TokenError::NotInitialised => texts::TOKEN_NOT_INITIALISED.seen_at(reader),
        TokenError::ReaderBusy { .. } => texts::TOKEN_BUSY.seen_at(reader),
        TokenError::NoCard | TokenError::CardRemoved => texts::TOKEN_ABSENT.seen_at(reader),
        error => texts::TOKEN_FAILED
            .seen_at(reader)
            .detail(&with_sources(error)),
    }
}

pub(super) fn pin_observation(pin: PinStatus, label: &str) -> Observation {
    match pin.tries_left {
        _ if pin.locked => texts::PIN_LOCKED.seen_at(label),
        None => texts::PIN_UNKNOWN.seen_at(label),
        // Where few are all there ever are, few are no sign of trouble.
        Some(left) if left <= FEW_TRIES && pin.maximum != Some(left) => {
            texts::PIN_FEW_TRIES.seen_at(label).with("tries", &left)
        }
        Some(left) => texts::PIN_GOOD.seen_at(label).with("tries", &left),
    }
}

/// With a certificate that can be used, an expired one beside it is its
/// predecessor; with none, the others say why there is none.
pub(super) fn in_certificates(all: &[TokenCertificate], label: &str, now: i64) -> Vec<Observation> {
    let judged: Vec<(&Certificate, Usability)> = all
        .iter()
        .filter_map(|certificate| {
            let parsed = certificate.parsed.as_ref().ok()?;
            Some((parsed, parsed.usability(certificate.has_private_key, now)))
        })
        .collect();
    let any_usable = judged
        .iter()
        .any(|(_, usability)| *usability == Usability::Usable);
    let observations: Vec<_> = judged
        .iter()
        .filter_map(|(certificate, usability)| {
            let finding = match usability {
                Usability::Usable if certificate.not_after - now < EXPIRING => {
                    &texts::CERTIFICATE_EXPIRING
                }
                Usability::Usable => &texts::CERTIFICATE_GOOD,
                Usability::Expired if any_usable => &texts::CERTIFICATE_OLD,
                Usability::Expired => &texts::CERTIFICATE_EXPIRED,
                Usability::NotYetValid if !any_usable => &texts::CERTIFICATE_NOT_YET_VALID,
                Usability::WrongPurpose { .. } if !any_usable => &texts::CERTIFICATE_WRONG_PURPOSE,
                _ => return None,
            };
            let day = match usability {
                Usability::NotYetValid => certificate.not_before,
                _ => certificate.not_after,
            };
            let observation = finding
                .seen_at(holder(certificate))
                .with("date", &date(day))
                .with("days", &((certificate.not_after - now) / DAY));
            Some(observation)
        })
        .collect();
    if observations.is_empty() {
        vec![texts::CERTIFICATE_NONE.seen_at(label)]
    } else {
        observations
    }
}

fn holder(certificate: &Certificate) -> String {
    let name = certificate.subject.common_name.clone().unwrap_or_default();
    match &certificate.certificate_id {
        Some(id) => format!("{name} {id}"),
        None => name,
    }
}

fn date(seconds: i64) -> String {
    u64::try_from(seconds)
        .ok()
        .and_then(|seconds| DateTime::from_unix_duration(Duration::from_secs(seconds)).ok())
        .map_or_else(
            || seconds.to_string(),
            |date| format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day()),
        )
}
