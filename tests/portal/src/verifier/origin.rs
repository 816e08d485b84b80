//! The origin a token is signed for.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// The longest origin a Web eID host accepts.
const MAX_LENGTH: usize = 255;

/// A web origin in the one spelling that browsers use (RFC 6454, section
/// 6.2): `https://host[:port]`, host in lower-case ASCII (punycode), the
/// default port left out, no trailing slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

/// Why a text is not an origin that a relying party may configure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// The text does not begin with `https://`.
    #[error("an origin begins with https://")]
    Scheme,
    /// The host is empty or has characters that no serialised host has.
    #[error("the host must be lower-case ASCII (an international name in its xn-- form)")]
    Host,
    /// The port is not a number of 1 to 65535 in its shortest form, or is 443.
    #[error("the port must be 1 to 65535, and is left out when it is 443")]
    Port,
    /// Something follows the host and port.
    #[error("an origin has no path, query or fragment, not even a trailing slash")]
    Path,
    /// The text is longer than 255 characters.
    #[error("an origin has at most 255 characters")]
    Length,
}

impl Origin {
    /// The origin as text, ready to be hashed or compared with an `Origin`
    /// header.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Host and port as in a `Host` header.
    pub fn authority(&self) -> &str {
        &self.0["https://".len()..]
    }

    /// The host alone; an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        let (host, _) = split_port(self.authority());
        host.trim_matches(['[', ']'])
    }
}

/// Splits `host:port` at the colon that is not part of an IPv6 address.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !host.starts_with('[') || host.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let authority = text.strip_prefix("https://").ok_or(OriginError::Scheme)?;
        if text.len() > MAX_LENGTH {
            return Err(OriginError::Length);
        }
        if authority.contains(['/', '?', '#', '\\']) {
            return Err(OriginError::Path);
        }
        let (host, port) = split_port(authority);
        if !is_serialised_host(host) {
            return Err(OriginError::Host);
        }
        if let Some(port) = port {
            let number: u16 = port.parse().map_err(|_| OriginError::Port)?;
            if number == 0 || number == 443 || number.to_string() != port {
                return Err(OriginError::Port);
            }
        }
        Ok(Self(text.to_owned()))
    }
}

fn is_serialised_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        return address
            .parse::<Ipv6Addr>()
            .is_ok_and(|parsed| parsed.to_string() == address);
    }
    let is_name = !host.is_empty()
        && host.split('.').all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
        });
    // A last label of digits makes the whole an IPv4 address for a browser.
    let looks_numeric = host
        .rsplit('.')
        .next()
        .is_some_and(|label| label.bytes().all(|b| b.is_ascii_digit()));
    is_name && (!looks_numeric || host.parse::<Ipv4Addr>().is_ok())
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_browsers_spelling_is_an_origin() {
        for (text, host) in [
            ("https://portal.example.jp", "portal.example.jp"),
            ("https://portal.localhost:8443", "portal.localhost"),
            ("https://127.0.0.1:1", "127.0.0.1"),
            ("https://[::1]:8443", "::1"),
            ("https://[::1]", "::1"),
            ("https://xn--wgv71a119e.jp", "xn--wgv71a119e.jp"),
        ] {
            let origin: Origin = text.parse().expect(text);
            assert_eq!((origin.as_str(), origin.host()), (text, host));
        }
        for (text, error) in [
            ("http://portal.example.jp", OriginError::Scheme),
            ("null", OriginError::Scheme),
            ("https://", OriginError::Host),
            ("https://portal.example.jp/", OriginError::Path),
            ("https://portal.example.jp?x", OriginError::Path),
            ("https://Portal.example.jp", OriginError::Host),
            ("https://日本語.jp", OriginError::Host),
            ("https://user@portal.example.jp", OriginError::Host),
            ("https://portal..jp", OriginError::Host),
            ("https://999.0.0.1", OriginError::Host),
            ("https://[::0001]", OriginError::Host),
            ("https://portal.example.jp:443", OriginError::Port),
            ("https://portal.example.jp:0", OriginError::Port),
            ("https://portal.example.jp:08", OriginError::Port),
            ("https://portal.example.jp:65536", OriginError::Port),
            ("https://portal.example.jp:", OriginError::Port),
        ] {
            assert_eq!(text.parse::<Origin>(), Err(error), "{text}");
        }
        let long = format!("https://{}.jp", "a".repeat(250));
        assert_eq!(long.parse::<Origin>(), Err(OriginError::Length));
    }
}
