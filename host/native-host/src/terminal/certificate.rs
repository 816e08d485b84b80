//! `tokens`, `certificates`, `certificate show` and `certificate export`.

use std::io::{self, Write};
use std::path::Path;

use kagibashi_protocol::object::{CertificateState, PinStatus};
use kagibashi_protocol::request::ExportFormat;
use kagibashi_protocol::{ErrorCode, Failure};
use kagibashi_token::Cancel;

use super::Outcome;
use super::arguments::Format;
use super::exit::Ending;
use super::print::{self, plain, row};
use crate::command::certificate_by_id::CertificateById;
use crate::command::found::{Found, names};
use crate::command::survey::Survey;
use crate::command::{certificate_details, export};
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
    let certificate = the_one(&survey()?, id)?;
    let words = Words::of(language);
    // A certificate that can't be read still has its place on the token.
    let details = match certificate_details::details(&certificate) {
        Ok(details) if json => return Ok(print::json(&details)?),
        Ok(details) => details,
        Err(failure) if json => return Err(failure.into()),
        Err(_) => return Ok(print::lines(summary(&certificate.found, &words))?),
    };
    let mut lines = summary(&certificate.found, &words);
    lines.push(row(words.version, &details.version.to_string()));
    lines.push(row(words.signature_algorithm, &details.signature_algorithm));
    let key = &details.public_key;
    let bits = key.bits.map(|bits| format!(", {bits} bit"));
    let key = format!("{}{}", key.algorithm, bits.unwrap_or_default());
    lines.push(row(words.public_key, &key));
    for (title, attributes) in [
        (words.subject, &details.subject),
        (words.issuer_name, &details.issuer),
    ] {
        lines.push(format!("  {title}:"));
        lines.extend(attributes.iter().map(|attribute| {
            let key = attribute.name.as_ref().unwrap_or(&attribute.oid);
            let value = &attribute.value;
            below(&format!("{key} = {value} ({})", attribute.encoding))
        }));
    }
    lines.push(format!("  {}:", words.extensions));
    for extension in &details.extensions {
        let name = extension.name.as_ref().unwrap_or(&extension.oid);
        let critical = if extension.critical {
            words.critical
        } else {
            ""
        };
        let raw = extension.raw.as_ref().map(|raw| format!("#{raw}"));
        let values: Vec<String> = extension.values.iter().cloned().chain(raw).collect();
        lines.push(below(&format!("{name}{critical} = {}", values.join(", "))));
    }
    lines.push(row("SHA-256", &details.fingerprints.sha256));
    lines.push(row("SHA-1", &details.fingerprints.sha1));
    for issuer in &details.chain {
        lines.push(row(words.chain, issuer));
    }
    Ok(print::lines(lines)?)
}

fn below(text: &str) -> String {
    format!("    {}", plain(text))
}

/// Saves one certificate, or prints it.
pub fn save_as(id: &str, out: Option<&Path>, format: Format, language: Language) -> Outcome {
    let format = match format {
        Format::Der => ExportFormat::Der,
        Format::Pem => ExportFormat::Pem,
        Format::P7b => ExportFormat::P7b,
    };
    let bytes = export::bytes(&the_one(&survey()?, id)?, format)?;
    let Some(path) = out else {
        let mut out = io::stdout().lock();
        out.write_all(&bytes)?;
        return Ok(out.flush()?);
    };
    write(path, &bytes).map_err(|error| {
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
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
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

fn survey() -> Result<Survey, Ending> {
    let survey = Survey::take(None, &Cancel::new(), &Inventory::empty(), |_| Ok(()))?;
    match survey.trouble {
        Some(code) if survey.tokens.is_empty() => Err(Failure::new(code).into()),
        _ => Ok(survey),
    }
}

fn the_one(survey: &Survey, id: &str) -> Result<CertificateById, Ending> {
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
    let found = CertificateById::in_survey(&first.shown.id, survey);
    Ok(found.ok_or_else(|| Failure::new(ErrorCode::CertificateNotFound))?)
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
        CertificateState::UnsupportedKey => words.unsupported_key,
        CertificateState::TokenOut => words.token_out,
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
