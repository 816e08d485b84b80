//! `tokens`, `certificates`, `certificate show` and `certificate export`.

use std::io::{self, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cms::content_info::ContentInfo;
use der::{Decode, Encode};
use kagibashi_protocol::object::{CertificateState, PinStatus};
use kagibashi_protocol::{ErrorCode, Failure};
use kagibashi_token::{Cancel, certificate::chain};
use serde::Serialize;

use super::Outcome;
use super::arguments::Format;
use super::exit::Ending;
use super::print::{self, plain, row};
use crate::command::survey::{Found, Survey, names};
use crate::inventory::Inventory;
use crate::language::Language;
use crate::terminal::words::{Words, date};

/// Prints the tokens.
pub fn tokens(json: bool, language: Language) -> Outcome {
    let survey = survey()?;
    if json {
        return Ok(print::json(&survey.tokens)?);
    }
    let words = Words::of(language);
    let mut lines = Vec::new();
    for token in &survey.tokens {
        lines.push(plain(token.label.as_str()));
        lines.push(row(words.model, token.model.as_str()));
        lines.push(row(words.serial, token.serial.as_str()));
        lines.push(row(words.reader, token.reader.as_str()));
        lines.push(row(words.pin, &tries(token.pin, &words)));
    }
    Ok(print::lines(lines)?)
}

/// Prints all certificates.
pub fn certificates(json: bool, language: Language) -> Outcome {
    let survey = survey()?;
    if json {
        let shown: Vec<_> = survey
            .certificates
            .iter()
            .map(|found| &found.shown)
            .collect();
        return Ok(print::json(&shown)?);
    }
    let words = Words::of(language);
    let mut lines = Vec::new();
    for found in &survey.certificates {
        lines.extend(summary(found, &words));
    }
    Ok(print::lines(lines)?)
}

/// Prints one certificate with everything it says.
pub fn show(id: &str, json: bool, language: Language) -> Outcome {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Whole<'a> {
        #[serde(flatten)]
        shown: &'a kagibashi_protocol::object::Certificate,
        subject: String,
        issuer_name: String,
        policies: Vec<String>,
        der: String,
    }
    let survey = survey()?;
    let found = the_one(&survey, id)?;
    let parsed = found.parsed.as_ref();
    let subject = parsed.map(|it| it.subject.to_string()).unwrap_or_default();
    let issuer = parsed.map(|it| it.issuer.to_string()).unwrap_or_default();
    let policies = parsed.map(|it| it.policies.clone()).unwrap_or_default();
    if json {
        return Ok(print::json(&Whole {
            shown: &found.shown,
            subject,
            issuer_name: issuer,
            policies,
            der: STANDARD.encode(&found.der),
        })?);
    }
    let words = Words::of(language);
    let mut lines = summary(found, &words);
    lines.push(row(words.subject, &subject));
    lines.push(row(words.issuer_name, &issuer));
    if let Some(parsed) = parsed {
        let usages = parsed.key_usage.iter().flatten();
        let usages: Vec<String> = usages.map(|usage| format!("{usage:?}")).collect();
        lines.push(row(words.key_usage, &usages.join(", ")));
        let extended = parsed.extended_key_usage.clone().unwrap_or_default();
        lines.push(row(words.extended_key_usage, &extended.join(", ")));
    }
    lines.push(row(words.policies, &policies.join(", ")));
    Ok(print::lines(lines)?)
}

/// Saves one certificate, or prints it.
pub fn export(id: &str, out: Option<&Path>, format: Format, language: Language) -> Outcome {
    let survey = survey()?;
    let found = the_one(&survey, id)?;
    let bytes = match format {
        Format::Der => found.der.clone(),
        Format::Pem => pem("CERTIFICATE", &found.der),
        Format::P7b => pem("PKCS7", &certs_only(found, &survey)?),
    };
    let Some(path) = out else {
        let mut out = io::stdout().lock();
        out.write_all(&bytes)?;
        return Ok(out.flush()?);
    };
    save(path, &bytes).map_err(|error| {
        tracing::warn!(%error, "an export could not be written");
        let mut failure = Failure::new(ErrorCode::FileNotWritten);
        failure.detail.path = Some(path.display().to_string());
        failure
    })?;
    let path = path.display();
    Ok(print::lines([match language {
        Language::Japanese => format!("エクスポートしました: {path}"),
        Language::English => format!("Exported: {path}"),
    }])?)
}

/// All or nothing: an old file of that name stays until the new one is whole.
fn save(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Base64 between lines (RFC 7468).
fn pem(label: &str, der: &[u8]) -> Vec<u8> {
    let base64 = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n").into_bytes();
    for line in base64.as_bytes().chunks(64) {
        text.extend_from_slice(line);
        text.push(b'\n');
    }
    text.extend_from_slice(format!("-----END {label}-----\n").as_bytes());
    text
}

/// The certificate and its chain as a PKCS#7 without signature (RFC 5652,
/// "certs-only").
fn certs_only(found: &Found, survey: &Survey) -> Result<Vec<u8>, Ending> {
    let unreadable = || Failure::new(ErrorCode::BadTokenData);
    let leaf = found.parsed.as_ref().ok_or_else(unreadable)?;
    let candidates = survey
        .certificates
        .iter()
        .filter_map(|it| it.parsed.as_ref());
    let fingerprints: Vec<&str> = chain(leaf, candidates)
        .iter()
        .map(|it| it.fingerprint.as_str())
        .collect();
    let certificates = survey
        .certificates
        .iter()
        .filter(|it| fingerprints.contains(&it.shown.id.as_str()))
        .map(|it| x509_cert::Certificate::from_der(&it.der))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| unreadable())?;
    let message = ContentInfo::try_from(certificates).and_then(|info| info.to_der());
    Ok(message.map_err(|_| unreadable())?)
}

fn survey() -> Result<Survey, Ending> {
    let survey = Survey::take(&Cancel::new(), &Inventory::empty(), |_| Ok(()))?;
    match survey.trouble {
        Some(code) if survey.tokens.is_empty() => Err(Failure::new(code).into()),
        _ => Ok(survey),
    }
}

fn the_one<'a>(survey: &'a Survey, id: &str) -> Result<&'a Found, Ending> {
    let mut found = survey
        .certificates
        .iter()
        .filter(|found| names(id, &found.shown.id));
    let first = found
        .next()
        .ok_or_else(|| Failure::new(ErrorCode::CertificateNotFound))?;
    // The same certificate on two tokens is one certificate.
    if found.any(|other| other.shown.id != first.shown.id) {
        return Err(Failure::new(ErrorCode::AmbiguousCertificate).into());
    }
    Ok(first)
}

fn summary(found: &Found, words: &Words) -> Vec<String> {
    let shown = &found.shown;
    let mut lines = vec![plain(shown.holder.as_str())];
    if let Some(organisation) = &shown.organisation {
        lines.push(row(words.organisation, organisation.as_str()));
    }
    if let Some(id) = &shown.certificate_id {
        lines.push(row(words.certificate_id, id.as_str()));
    }
    lines.push(row(words.issuer, shown.issuer.as_str()));
    lines.push(row(words.serial, shown.serial.as_str()));
    let validity = format!("{} - {}", date(shown.not_before), date(shown.not_after));
    lines.push(row(words.validity, &validity));
    lines.push(row(words.state, state(shown.state, words)));
    lines.push(row("ID", &shown.id));
    lines
}

fn state<'a>(state: CertificateState, words: &Words<'a>) -> &'a str {
    match state {
        CertificateState::Usable => words.usable,
        CertificateState::Expired => words.expired,
        CertificateState::NotYetValid => words.not_yet_valid,
        CertificateState::WrongPurpose => words.wrong_purpose,
        CertificateState::NoPrivateKey => words.no_private_key,
        CertificateState::Authority => words.authority,
        CertificateState::Unreadable => words.unreadable,
    }
}

fn tries(pin: PinStatus, words: &Words) -> String {
    match pin.tries_left {
        _ if pin.locked => words.locked.to_owned(),
        Some(tries) => words.tries_left.replace("{}", &tries.to_string()),
        None => words.tries_unknown.to_owned(),
    }
}
