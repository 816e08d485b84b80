//! `export-certificate`: a certificate as a file, as other programs take it.

mod downloads;
mod file_name;

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cms::content_info::ContentInfo;
use der::{Decode, Encode};
use kagibashi_protocol::message::Outcome;
use kagibashi_protocol::request::ExportFormat;
use kagibashi_protocol::{ErrorCode, Failure};

use crate::command::certificate_by_id::CertificateById;

pub use downloads::folder;

/// Writes the certificate into that folder, under a name that is free there.
pub fn into_folder(
    certificate: &CertificateById,
    format: ExportFormat,
    folder: &Path,
) -> Result<Outcome, Failure> {
    let bytes = bytes(certificate, format)?;
    let name = file_name::of(&certificate.found.shown);
    let ending = match format {
        ExportFormat::Pem => "pem",
        ExportFormat::Der => "der",
        ExportFormat::P7b => "p7b",
    };
    downloads::write_new(folder, &name, ending, &bytes)
        .map(|path| Outcome::ExportCertificate {
            path: path.display().to_string(),
        })
        .map_err(|error| {
            tracing::warn!(%error, "an export could not be written");
            let mut failure = Failure::new(ErrorCode::FileNotWritten);
            let path = folder.join(format!("{name}.{ending}"));
            failure.detail.path = Some(path.display().to_string());
            failure
        })
}

/// The content of the file.
pub fn bytes(certificate: &CertificateById, format: ExportFormat) -> Result<Vec<u8>, Failure> {
    let der = &certificate.found.der;
    Ok(match format {
        ExportFormat::Der => der.clone(),
        ExportFormat::Pem => pem("CERTIFICATE", der),
        ExportFormat::P7b => pem("PKCS7", &certs_only(certificate)?),
    })
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
fn certs_only(certificate: &CertificateById) -> Result<Vec<u8>, Failure> {
    let unreadable = || Failure::new(ErrorCode::BadTokenData);
    let all = [&certificate.found]
        .into_iter()
        .chain(certificate.issuers());
    let certificates = all
        .map(|it| x509_cert::Certificate::from_der(&it.der))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| unreadable())?;
    let message = ContentInfo::try_from(certificates).and_then(|info| info.to_der());
    message.map_err(|_| unreadable())
}
