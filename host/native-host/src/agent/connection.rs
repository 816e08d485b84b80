//! One connection of the module: questions and answers, one at a time.

use kagibashi_protocol::agent::{
    Algorithm, Answer, PATIENCE, PROTOCOL_VERSION, QUESTION_MAX, Question, SlotCertificate,
    SlotToken, Stream,
};
use kagibashi_protocol::{ErrorCode, Failure, Text, frame};
use kagibashi_token::SignatureAlgorithm;

use super::{Desk, Guest, Signer};
use crate::inventory::Known;

/// Answers until the other side hangs up or talks nonsense.
pub fn serve(mut stream: Stream, guest: &Guest) {
    let mut greeted = false;
    while let Ok(Some(body)) = frame::read(&mut stream, QUESTION_MAX) {
        let answer = match Question::parse(&body) {
            Ok(Question::Hello { protocol }) => {
                greeted = protocol == PROTOCOL_VERSION;
                Answer::Hello {
                    protocol: PROTOCOL_VERSION,
                    login: guest.desk.signer.login_by(),
                }
            }
            Ok(_) if !greeted => Failure::new(ErrorCode::UnknownCommand).into(),
            Ok(question) => answer(question, guest).unwrap_or_else(Answer::from),
            Err(failure) => failure.into(),
        };
        if frame::write(&mut stream, &answer.to_bytes()).is_err() {
            return;
        }
    }
}

fn answer(question: Question, guest: &Guest) -> Result<Answer, Failure> {
    let Guest { desk, number, .. } = guest;
    match question {
        Question::Hello { .. } | Question::Change => {
            first_look(desk);
            Ok(Answer::Change {
                change: desk.inventory.change(),
            })
        }
        Question::Tokens => {
            first_look(desk);
            Ok(tokens(desk))
        }
        Question::Sign {
            token,
            certificate,
            algorithm,
            digest,
        } => {
            let found = desk
                .inventory
                .certificate(token.as_str(), &certificate)
                .ok_or(ErrorCode::CertificateNotFound)?;
            let algorithm = algorithm_of(algorithm);
            let signature = match &desk.signer {
                // No TLS that a browser speaks signs SHA-1.
                Signer::Window(_) if algorithm == SignatureAlgorithm::Rs1 => {
                    Err(ErrorCode::UnknownHashFunction.into())
                }
                Signer::Window(logins) => logins.sign(&found, algorithm, &digest),
                Signer::Module(logins) => logins.sign(*number, &found, algorithm, &digest),
            };
            if let Err(failure) = &signature
                && belies_reading(failure.code)
                && let Some(key) = &found.key
            {
                desk.inventory.read_again(&key.reader);
            }
            Ok(Answer::Signature {
                signature: signature?,
            })
        }
        Question::Login { token, pin } => match &desk.signer {
            Signer::Module(logins) => {
                let reader = reader_of(desk, &token).ok_or(ErrorCode::TokenRemoved)?;
                let outcome = logins.log_in(*number, &token, &reader, pin);
                // The tries left have changed, and with them the token's flags.
                desk.inventory.touch();
                outcome.map(|()| Answer::Done)
            }
            // The PIN is the window's to ask for, and nobody else's.
            Signer::Window(_) => Err(ErrorCode::UnknownCommand.into()),
        },
        Question::Logout { token } => {
            match &desk.signer {
                Signer::Module(logins) => logins.log_out(*number, &token),
                Signer::Window(logins) => {
                    logins.close(&token);
                }
            }
            Ok(Answer::Done)
        }
    }
}

/// Whether a signature fails so on a token that no longer holds what was read of
/// it.
fn belies_reading(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::CertificateNotFound
            | ErrorCode::OtherToken
            | ErrorCode::SignatureCheckFailed
            | ErrorCode::TokenRefused
    )
}

/// A program that looks once and ends, as many do, must not come too early: it
/// may just have started the agent. A browser looks again by itself, and from a
/// thread that must not wait.
fn first_look(desk: &Desk) {
    if matches!(desk.signer, Signer::Module(_)) {
        desk.inventory.wait_for_first_look(PATIENCE * 4 / 5);
    }
}

fn reader_of(desk: &Desk, token: &Text) -> Option<String> {
    let known = desk.inventory.snapshot().tokens;
    let known = known.into_iter().find(|known| known.reading.id == *token)?;
    Some(known.reading.info.reader)
}

fn tokens(desk: &Desk) -> Answer {
    let snapshot = match &desk.signer {
        Signer::Window(_) => desk.inventory.seen_by_browser(),
        Signer::Module(_) => desk.inventory.snapshot(),
    };
    Answer::Tokens {
        change: snapshot.change,
        tokens: snapshot
            .tokens
            .into_iter()
            .map(|known| slot_token(known, desk))
            .collect(),
    }
}

fn slot_token(known: Known, desk: &Desk) -> SlotToken {
    let Known { reading, since, .. } = known;
    let shown = reading.token_shown();
    let pin = match &desk.signer {
        Signer::Module(logins) => logins.pin(&shown.id).unwrap_or(shown.pin),
        Signer::Window(_) => shown.pin,
    };
    let certificates = reading
        .certificates
        .into_iter()
        .map(|found| SlotCertificate {
            id: found.shown.id,
            label: found.shown.holder,
            has_key: found.key.is_some(),
            der: found.der,
        })
        .collect();
    SlotToken {
        id: shown.id,
        since,
        reader: shown.reader,
        label: shown.label,
        serial: shown.serial,
        manufacturer: shown.manufacturer,
        model: shown.model,
        firmware: shown.firmware,
        pin,
        certificates,
    }
}

fn algorithm_of(algorithm: Algorithm) -> SignatureAlgorithm {
    match algorithm {
        Algorithm::Rs1 => SignatureAlgorithm::Rs1,
        Algorithm::Rs256 => SignatureAlgorithm::Rs256,
        Algorithm::Rs384 => SignatureAlgorithm::Rs384,
        Algorithm::Rs512 => SignatureAlgorithm::Rs512,
        Algorithm::Ps256 => SignatureAlgorithm::Ps256,
        Algorithm::Ps384 => SignatureAlgorithm::Ps384,
        Algorithm::Ps512 => SignatureAlgorithm::Ps512,
        Algorithm::Es256 => SignatureAlgorithm::Es256,
        Algorithm::Es384 => SignatureAlgorithm::Es384,
        Algorithm::Es512 => SignatureAlgorithm::Es512,
    }
}
