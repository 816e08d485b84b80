//! Does the smart card service answer, and which readers does it have?

use std::error::Error;
use std::path::Path;

use kagibashi_token::{Reader, TokenError, Tokens};

use super::finding::Observation;
use super::{texts, token, usb};

/// Where pcscd is, by distribution.
const PCSCD: &[&str] = &[
    "usr/sbin/pcscd",
    "usr/bin/pcscd",
    "usr/local/sbin/pcscd",
    "run/current-system/sw/bin/pcscd",
];

/// Where the driver for all CCID readers is, by distribution.
const CCID: &[&str] = &[
    "usr/lib/pcsc/drivers/ifd-ccid.bundle",
    "usr/lib64/pcsc/drivers/ifd-ccid.bundle",
    "usr/local/lib/pcsc/drivers/ifd-ccid.bundle",
    "usr/lib/readers/usb/ifd-ccid.bundle",
];

/// Looks at the service, USB, readers, and what is in them. `now` is in Unix
/// seconds.
pub fn look(root: &Path, now: i64, logged_in: &dyn Fn(&str) -> bool) -> Vec<Observation> {
    let connected = Tokens::connect().and_then(|tokens| match tokens.readers() {
        Ok(readers) => Ok((tokens, readers)),
        // No name was asked for: there is none at all.
        Err(TokenError::NoSuchReader { .. }) => Ok((tokens, Vec::new())),
        Err(error) => Err(error),
    });
    let devices = usb::tokens(root);
    let mut observations = vec![match &connected {
        Ok(_) => texts::SERVICE_GOOD.seen(),
        Err(error) => no_service(error, root),
    }];
    observations.extend(devices.as_deref().map(plugged_in));
    match connected {
        Ok((tokens, readers)) => {
            let plugged_in = devices.is_some_and(|devices| !devices.is_empty());
            observations.push(in_service(&readers, plugged_in, root));
            observations.extend(token::look(&tokens, &readers, now, logged_in));
        }
        Err(_) => observations.push(texts::READER_NOT_CHECKED.seen()),
    }
    observations
}

pub(super) fn no_service(error: &TokenError, root: &Path) -> Observation {
    match error {
        TokenError::ServiceUnavailable if cfg!(target_os = "linux") && !any(PCSCD, root) => {
            texts::SERVICE_NOT_INSTALLED.seen()
        }
        TokenError::ServiceUnavailable => texts::SERVICE_STOPPED.seen(),
        error => texts::SERVICE_REFUSED.seen().detail(&with_sources(error)),
    }
}

fn plugged_in(devices: &[String]) -> Observation {
    if devices.is_empty() {
        texts::USB_NO_TOKEN.seen()
    } else {
        texts::USB_TOKEN_SEEN
            .seen()
            .with("device", &devices.join(", "))
    }
}

pub(super) fn in_service(readers: &[Reader], plugged_in: bool, root: &Path) -> Observation {
    if !readers.is_empty() {
        let names: Vec<_> = readers.iter().map(|reader| reader.name.as_str()).collect();
        texts::READER_FOUND
            .seen()
            .with("readers", &names.join(", "))
    } else if !plugged_in {
        texts::READER_NONE.seen()
    } else if any(CCID, root) {
        texts::READER_NOT_TAKEN.seen()
    } else {
        texts::READER_DRIVER_MISSING.seen()
    }
}

fn any(paths: &[&str], root: &Path) -> bool {
    paths.iter().any(|path| root.join(path).exists())
}

/// An error and all that caused it, in one line.
pub fn with_sources(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        line = format!("{line}: {error}");
        source = error.source();
    }
    line
}
